import numpy as np
import pytest

from regraft.diagnose.agent.boundary import thumbnails
from regraft.diagnose.probe import neighbours


@pytest.fixture(scope="module")
def thumbs(digits):
    return thumbnails(digits["x_train"][:700, ..., None])


@pytest.fixture(scope="module")
def tags(digits):
    return digits["y_train"][:700].astype(int)


def test_thumbnails_ignore_brightness_and_contrast(digits):
    x = digits["x_train"][:20, ..., None]
    plain = thumbnails(x).astype(float)
    np.testing.assert_allclose(thumbnails(x / 255.0 * 3 - 1), plain, atol=2e-3)
    np.testing.assert_allclose(np.linalg.norm(plain, axis=1), 1, atol=1e-2)
    assert plain.shape == (20, 256)


def test_pictures_tell_their_labels(thumbs, tags):
    found = neighbours.association(thumbs, tags, np.arange(700))
    assert found.accuracy > 0.75
    assert found.chance < 0.2
    assert found.noisy < 0.06
    assert found.n == 700


def test_labels_may_be_fractions_or_texts(thumbs, tags):
    as_numbers = neighbours.association(thumbs, tags, np.arange(700))
    assert neighbours.association(thumbs, tags / 255, np.arange(700)) == as_numbers
    assert neighbours.association(thumbs, tags.astype(str), np.arange(700)) == as_numbers
    assert neighbours.transfer(thumbs, tags / 255, thumbs) == neighbours.transfer(
        thumbs, tags, thumbs
    )


def test_shuffled_labels_are_not_told(thumbs, tags):
    mixed = np.random.default_rng(0).permutation(tags)
    found = neighbours.association(thumbs, mixed, np.arange(700))
    assert found.accuracy < found.chance + 0.06


def test_wrong_labels_are_contradicted(thumbs, tags):
    rng = np.random.default_rng(0)
    wrong = rng.choice(700, 120, replace=False)
    noisy = tags.copy()
    noisy[wrong] = (noisy[wrong] + 3) % 10
    positions = np.arange(700) * 2
    found = neighbours.association(thumbs, noisy, positions)
    assert found.noisy > 0.1
    assert found.noise_margin > 0.02
    hits = np.isin(np.array(found.noisy_rows) // 2, wrong)
    assert hits.mean() > 0.5
    assert hits.sum() > 0.7 * len(wrong)
    assert set(found.noisy_rows) <= set(positions.tolist())


@pytest.mark.parametrize(
    ("n", "classes"), [(30, 2), (100, 1), (60, 30)], ids=["few", "one class", "two of each"]
)
def test_too_little_to_tell(thumbs, n, classes):
    assert neighbours.association(thumbs[:n], np.arange(n) % classes, np.arange(n)) is None


def test_parts_of_one_source_cannot_be_told_apart(digits, thumbs, tags):
    other = thumbnails(digits["x_test"][:300, ..., None])
    same = neighbours.shift(thumbs, tags, other, digits["y_test"][:300])
    assert 0.35 < same.separability < 0.65
    inverted = neighbours.shift(thumbs, tags, -other, digits["y_test"][:300])
    assert inverted.separability > 0.95


def test_another_mix_of_classes_is_no_shift(digits, tags, thumbs):
    keep = np.concatenate([np.flatnonzero(tags == c)[: 10 + 6 * c] for c in range(10)])
    other = thumbnails(digits["x_test"][:400, ..., None])
    found = neighbours.shift(thumbs[keep], tags[keep], other, digits["y_test"][:400])
    assert 0.35 < found.separability < 0.65


def test_too_few_for_a_shift(thumbs, tags):
    assert neighbours.shift(thumbs[:20], tags[:20], thumbs[20:40], tags[20:40]) is None


def test_what_augmentation_costs(digits, thumbs, tags):
    plain, mild = neighbours.transfer(thumbs[:400], tags[:400], thumbs[:400])
    assert plain == mild
    turned = thumbnails(np.rot90(digits["x_train"][:400, ..., None], 2, (1, 2)))
    plain, wild = neighbours.transfer(thumbs[:400], tags[:400], turned)
    assert wild < plain - 0.3
    assert neighbours.transfer(thumbs[:30], tags[:30], thumbs[:30]) is None


def test_a_rare_class_that_pictures_tell_is_told():
    labels = np.repeat([0, 1], [560, 38])
    rng = np.random.default_rng(0)
    features = rng.normal(size=(598, 16)).astype(np.float32)
    features[:, 0] += 2.5 * labels
    found = neighbours.association(features, labels, np.arange(598))
    assert found.chance < 0.8
    assert found.accuracy > found.chance + 0.1
