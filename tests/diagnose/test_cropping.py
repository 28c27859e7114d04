import numpy as np
import pytest
import tensorflow as tf

from regraft.diagnose.agent.hooks import cropping

WHAT = "tf.image.resize_with_crop_or_pad"
CUT = "import tensorflow as tf\nresult = tf.image.resize_with_crop_or_pad(image, 8, 8)"
MAPPED = """\
import tensorflow as tf

def cut(image):
    if tf.size(image) < 0:  # what AutoGraph has to rewrite
        image = 255 - image
    return tf.image.resize_with_crop_or_pad(image, 8, 8)

result = next(iter(tf.data.Dataset.from_tensors(image).map(cut)))
"""


@pytest.fixture(autouse=True)
def hooked(monkeypatch):
    original = tf.image.resize_with_crop_or_pad
    monkeypatch.setattr(tf.image, "resize_with_crop_or_pad", original)  # undoes `hook`
    cropping.hook(tf)
    return original


def picture(height, width):
    """Light in the middle, dark around."""
    image = np.zeros((height, width, 1), np.uint8)
    image[height // 2 - 4 : height // 2 + 4, width // 2 - 4 : width // 2 + 4] = 200
    return image


@pytest.mark.parametrize("source", [CUT, MAPPED], ids=["at once", "in a map"])
def test_it_is_noted_and_done_as_ever(script, record, hooked, source):
    image = picture(60, 40)
    result = script.run(source, image=image)["result"]
    assert np.array_equal(result, hooked(image, 8, 8))
    (event,) = [event for event in record.events if event["what"] == WHAT]
    assert event["details"]["target"] == [8, 8]
    assert (event["details"]["height"], event["details"]["width"]) == (60, 40)


@pytest.mark.parametrize(("source", "line"), [(CUT, 2), (MAPPED, 8)], ids=["at once", "in a map"])
def test_repaired_it_shows_the_whole_picture(script, source, line):
    image = picture(60, 40)
    repair = ("resize-before-crop", script.at(line))
    result = np.asarray(script.run(source, repair, image=image)["result"])
    assert result.shape == (8, 8, 1)
    assert result[0, 0, 0] == 0  # the cut alone is light all over
    assert result[4, 4, 0] > 100


@pytest.mark.parametrize("shape", [(8, 8), (6, 5), (8, 30)], ids=["as it is", "padded", "wide"])
def test_repaired_nothing_grows(script, hooked, shape):
    image = picture(*shape)
    result = script.run(CUT, ("resize-before-crop", script.at(2)), image=image)["result"]
    assert np.array_equal(result, hooked(image, 8, 8))
