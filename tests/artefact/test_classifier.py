import io

import numpy as np
import pytest
from PIL import Image

from regraft.errors import BadImageError, InvalidArgumentError


def png(picture):
    file = io.BytesIO()
    Image.fromarray(picture.squeeze()).save(file, "PNG")
    return file.getvalue()


def test_probabilities_sum_to_one(classifier, pictures):
    answer = classifier.predict(pictures)
    assert len(answer) == len(pictures)
    assert np.allclose(answer.probabilities.sum(axis=1), 1, atol=1e-5)
    assert answer.names == [classifier.class_names[index] for index in answer.indices]
    assert np.array_equal(answer.confidences, answer.probabilities.max(axis=1))


def test_a_path_its_bytes_and_its_array_are_the_same_picture(classifier, pictures, tmp_path):
    picture = pictures[2]
    (tmp_path / "a.png").write_bytes(png(picture))
    answer = classifier.predict(
        [picture, tmp_path / "a.png", str(tmp_path / "a.png"), png(picture)]
    )
    # not to the last bit: products of other rows of a batch may be rounded otherwise
    assert np.ptp(answer.probabilities, axis=0).max() < 1e-6


def test_one_picture_need_not_be_in_a_list(classifier, pictures):
    alone = classifier.predict(pictures[2])
    assert len(alone) == 1
    assert np.array_equal(alone.probabilities, classifier.predict([pictures[2]]).probabilities)


def test_an_array_of_four_dimensions_is_many_pictures(classifier):
    assert len(classifier.predict(np.zeros((3, 8, 8, 1), np.uint8))) == 3


def test_no_pictures_have_no_answers(classifier):
    assert classifier.predict([]).probabilities.shape == (0, 3)


def test_many_pictures_go_in_batches(classifier):
    seen = []
    pictures = np.zeros((70, 8, 8), np.uint8)
    answer = classifier.predict(list(pictures), progress=lambda *step: seen.append(step))
    assert seen == [(64, 70), (70, 70)]
    assert np.ptp(answer.probabilities, axis=0).max() < 1e-6


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(np.zeros((8, 8, 3), np.float32), id="floats"),
        pytest.param(np.zeros((8, 8, 2), np.uint8), id="two-channels"),
        pytest.param(np.zeros(8, np.uint8), id="a-line"),
        pytest.param(3, id="a-number"),
    ],
)
def test_what_is_no_picture_is_refused(classifier, picture):
    with pytest.raises(InvalidArgumentError, match="uint8 array"):
        classifier.predict([picture])


def test_a_damaged_file_is_named(classifier, pictures, tmp_path):
    (tmp_path / "cut.png").write_bytes(png(pictures[2])[:200])
    with pytest.raises(BadImageError, match=r"cut\.png"):
        classifier.predict(tmp_path / "cut.png")


def test_repr_says_what_it_is(classifier):
    assert repr(classifier) == (
        "Classifier(3 classes, efficientnet_lite0 at 32 px, taps block2a_project_bn)"
    )
