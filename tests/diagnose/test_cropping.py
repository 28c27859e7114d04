import keras
import numpy as np
import pytest
import tensorflow as tf

from regraft.diagnose.agent.hooks import cropping

WHAT = "tf.image.resize_with_crop_or_pad"
WHAT_SHARE = "tf.image.central_crop"
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
    crop, transform = tf.image.central_crop, keras.layers.CenterCrop.transform_images
    monkeypatch.setattr(tf.image, "resize_with_crop_or_pad", original)  # undoes `hook`
    monkeypatch.setattr(tf.image, "central_crop", crop)
    monkeypatch.setattr(keras.layers.CenterCrop, "transform_images", transform)
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


SHARE = "import tensorflow as tf\nresult = tf.image.central_crop(image, 0.2)"
SHARE_MAPPED = MAPPED.replace("resize_with_crop_or_pad(image, 8, 8)", "central_crop(image, 0.2)")


@pytest.mark.parametrize(("source", "line"), [(SHARE, 2), (SHARE_MAPPED, 8)])
def test_a_share_of_the_middle_is_noted_and_shows_the_whole_picture(script, record, source, line):
    image = picture(60, 40)
    plain = np.asarray(script.run(source, image=image)["result"])
    assert [e["details"]["share"] for e in record.events if e["what"] == WHAT_SHARE] == [0.2]
    repair = ("resize-before-crop", script.at(line))
    whole = np.asarray(script.run(source, repair, image=image)["result"])
    assert whole.shape == plain.shape == (12, 8, 1)
    assert whole.mean() < plain.mean() / 4


def test_a_layer_that_cuts_is_noted_and_shows_the_whole_picture(monkeypatch, record):
    site = {"file": "train.py", "line": 7, "code": "CenterCrop(8, 8)"}
    monkeypatch.setattr(cropping.anatomy, "built_at", lambda _: site)
    layer = keras.layers.CenterCrop(8, 8)
    pictures = np.stack([picture(40, 40)] * 2).astype(np.float32)
    assert np.asarray(layer(pictures)).min() == 200
    (event,) = [event for event in record.events if event["what"] == "CenterCrop"]
    assert event["details"] == {"height": 40, "width": 40, "target": [8, 8]}
    active = cropping.interventions.Interventions(
        [{"kind": "resize-before-crop", "parameters": site}]
    )
    monkeypatch.setattr(cropping.interventions, "ACTIVE", active)
    whole = np.asarray(layer(pictures))
    assert whole.shape == (2, 8, 8, 1)
    assert whole.min() == 0
