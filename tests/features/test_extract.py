import dataclasses
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from regraft.adapt.channels import as_rgb
from regraft.adapt.pixels import normalise
from regraft.adapt.resize import resize
from regraft.backbones.trunk import build_trunk
from regraft.data.open import open_data
from regraft.data.pictures import n_decoders
from regraft.deadline import Deadline
from regraft.errors import BadImageError, InvalidArgumentError, RuntimeMismatchError
from regraft.features import extract as module
from regraft.features.cache import FeatureCache
from regraft.features.extract import extract, forecast
from regraft.features.pool import pool_matrix
from regraft.features.runtimes import openvino
from regraft.features.runtimes.choose import RUNTIMES
from regraft.features.runtimes.openvino import OpenVino
from regraft.features.runtimes.tensorflow import TensorFlow
from regraft.features.stream import Job, load, prepared
from regraft.features.within import extract_within

SIZE = 16
REQUESTS = (("late", 2), ("early", 3), ("late", 1), ("early", 2))


def slow_features(images, row, tap, grid):
    """One picture at a time, every step by itself, pooled by a plain product."""
    trunk = build_trunk(row, size=SIZE, taps=(tap,), weights=None)
    rows = []
    for i in range(len(images)):
        picture = as_rgb(resize(images.read(np.array([i]))[0], height=SIZE, width=SIZE))
        maps = np.asarray(trunk(normalise(picture, row.pixels)[None]))[0]
        pool = pool_matrix(maps.shape[0], grid)
        rows.append(np.einsum("ph,hwc,qw->pqc", pool, maps, pool).ravel())
    return np.stack(rows)


def assert_same(ours, theirs):
    np.testing.assert_allclose(ours, theirs, atol=1e-5 * np.abs(theirs).max())


RUNTIME_CASES = [
    pytest.param(name, marks=[pytest.mark.slow] if name == "onnxruntime" else [])
    for name in RUNTIMES  # converting to ONNX takes seconds
]


@pytest.mark.parametrize("runtime", RUNTIME_CASES)
def test_extract_equals_one_step_after_the_other(tiny, digits, runtime):
    if runtime == "onnxruntime":
        pytest.importorskip("tf2onnx", reason="needs the extra `onnx`")
    features = extract(
        digits,
        row=tiny,
        weights=None,
        size=SIZE,
        requests=REQUESTS,
        runtime=runtime,
        cache=None,
        batch_size=8,
    )
    assert list(features) == list(REQUESTS)
    assert features.runtime is RUNTIMES[runtime]
    for tap, grid in REQUESTS:
        assert features[tap, grid].dtype == np.float32
        assert_same(features[tap, grid], slow_features(digits, tiny, tap, grid))


def test_extract_of_files_of_many_sizes(tiny, tmp_path):
    generator = np.random.default_rng(0)
    for i in range(7):
        shape = (20 + 30 * i, 70 - 5 * i) + ((3,) if i % 2 else ())
        folder = tmp_path / f"class_{i % 2}"
        folder.mkdir(exist_ok=True)
        Image.fromarray(generator.integers(0, 256, shape, np.uint8)).save(folder / f"{i}.png")
    images = open_data(tmp_path)
    features = extract(
        images,
        row=tiny,
        weights=None,
        size=SIZE,
        requests=[("late", 2)],
        runtime="tensorflow",
        cache=None,
        batch_size=3,
    )
    assert_same(features["late", 2], slow_features(images, tiny, "late", 2))


def test_large_pictures_of_one_size_are_resized_outside_the_graph_alike(tiny):
    pictures = np.random.default_rng(0).integers(0, 256, (5, 90, 80, 1), np.uint8)
    images = open_data((pictures, np.arange(5) % 2))
    features = extract(
        images,
        row=tiny,
        weights=None,
        size=SIZE,
        requests=[("early", 1)],
        runtime="tensorflow",
        cache=None,
    )
    assert_same(features["early", 1], slow_features(images, tiny, "early", 1))


def with_cache(images, row, cache, requests, **options):
    return extract(
        images,
        **{"row": row, "weights": None, "size": SIZE, "runtime": "tensorflow"} | options,
        requests=requests,
        cache=cache,
    )


def test_only_what_is_missing_is_computed(tiny, digits, tmp_path, monkeypatch):
    cache = FeatureCache(tmp_path)
    first = with_cache(digits, tiny, cache, [("late", 1)])
    both = with_cache(digits, tiny, cache, [("late", 1), ("late", 2)])
    assert (first.n_computed, both.n_computed) == (1, 1)
    monkeypatch.setattr(module, "compute", None)  # from here on nothing may be computed
    again = with_cache(digits, tiny, cache, [("late", 2), ("late", 1)])
    assert again.n_computed == 0
    np.testing.assert_array_equal(again["late", 1], first["late", 1])
    np.testing.assert_array_equal(again["late", 2], both["late", 2])


def test_another_size_pixels_or_picture_is_another_entry(tiny, digits, tmp_path):
    cache = FeatureCache(tmp_path)
    requests = [("late", 1)]
    with_cache(digits, tiny, cache, requests)
    assert with_cache(digits, tiny, cache, requests, size=12).n_computed == 1
    other_pixels = dataclasses.replace(tiny.pixels, channel_order="rgb")
    other_row = dataclasses.replace(tiny, pixels=other_pixels)
    assert with_cache(digits, other_row, cache, requests).n_computed == 1
    assert with_cache(digits.take(np.arange(20)), tiny, cache, requests).n_computed == 1
    assert with_cache(digits, tiny, cache, requests).n_computed == 0


def test_a_model_of_the_same_inputs_and_outputs_is_not_built_again(tiny, digits):
    def job(batch_size):
        return Job(images=digits, row=tiny, weights=None, size=SIZE, batch_size=batch_size)

    one = load(job(4), TensorFlow(), (("late", 2),))
    assert load(job(4), TensorFlow(), (("late", 2),), like=one).model is one.model
    assert load(job(4), TensorFlow(), (("late", 1),), like=one).model is not one.model
    assert load(job(8), TensorFlow(), (("late", 2),), like=one).model is not one.model


@pytest.mark.parametrize(
    ("size", "batch", "step"),
    [(32, 125, 63), (32, 256, 128), (64, 256, 32), (224, 20, 2), (32, 1, 1)],
)
def test_every_core_has_a_step_of_a_batch(size, batch, step, monkeypatch):
    monkeypatch.setattr(openvino, "_n_cores", lambda: 2)
    assert OpenVino().step(size, batch) == step


def test_rows_choose_and_order(tiny, digits):
    whole = with_cache(digits, tiny, None, [("late", 1)])
    rows = np.array([5, 2, 20])
    some = extract(
        digits,
        rows,
        row=tiny,
        weights=None,
        size=SIZE,
        requests=[("late", 1)],
        runtime="tensorflow",
        cache=None,
    )
    np.testing.assert_allclose(some["late", 1], whole["late", 1][rows], rtol=1e-4, atol=1e-3)


def test_progress_ends_with_all_pictures(tiny, digits):
    seen = []
    with_cache(
        digits, tiny, None, [("late", 1)], batch_size=8, progress=lambda *done: seen.append(done)
    )
    assert seen == [(8, 21), (16, 21), (21, 21)]


class CountedPictures:
    """Counts the rows that were read and have not come out as features."""

    def __init__(self, pictures):
        self.pictures = pictures
        self.uniform_shape = pictures.uniform_shape
        self.n_read = self.n_done = self.most_in_flight = 0

    def read(self, rows, *, reduce_to=None):
        self.n_read += len(rows)
        self.most_in_flight = max(self.most_in_flight, self.n_read - self.n_done)
        return self.pictures.read(rows, reduce_to=reduce_to)

    def done(self, n_done, n_images):
        self.n_done = n_done


def test_pictures_in_flight_are_bounded(tiny):
    pixels = np.random.default_rng(0).integers(0, 256, (400, 12, 10), np.uint8)
    images = open_data((pixels, np.arange(400) % 2))
    counted = CountedPictures(images.pictures)
    images = dataclasses.replace(images, pictures=counted)
    with_cache(images, tiny, None, [("late", 1)], batch_size=4, progress=counted.done)
    assert counted.n_read == 400
    assert counted.most_in_flight <= 4 * 4  # one computed, two read ahead, one just taken


def test_an_error_while_reading_leaves_no_entry(tiny, tmp_path):
    pictures = tmp_path / "pictures"
    for i in range(6):
        folder = pictures / f"class_{i % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("L", (20, 20), i).save(folder / f"{i}.png")
    images = open_data(pictures)
    images.fingerprint()
    (pictures / "class_1" / "5.png").unlink()
    cache = FeatureCache(tmp_path / "cache")
    with pytest.raises(BadImageError, match=r"5\.png"):
        with_cache(images, tiny, cache, [("late", 1)], batch_size=2)
    assert cache.entries() == []


@pytest.mark.parametrize("n_outputs", [1, 12])
@pytest.mark.parametrize("runtime", RUNTIME_CASES)
def test_a_runtime_gives_outputs_in_the_order_of_the_model(runtime, n_outputs):
    import keras

    if runtime == "onnxruntime":
        pytest.importorskip("tf2onnx", reason="needs the extra `onnx`")
    keras.backend.clear_session()  # names are numbered from one: the tenth is before the second
    pictures = keras.Input((4,), batch_size=2)
    model = keras.Model(pictures, [pictures * factor for factor in range(1, n_outputs + 1)])
    batch = np.ones((2, 4), np.float32)
    outputs = RUNTIMES[runtime].load(model, lambda: [batch])(batch)
    assert [float(output[0, 0]) for output in outputs] == list(range(1, n_outputs + 1))


@pytest.mark.parametrize(
    "lower", [pytest.param(each, id=each.precision) for each in OpenVino().faster()] or [None]
)
def test_lower_precisions_are_near_and_kept_apart(tiny, digits, tmp_path, lower):
    if lower is None:
        pytest.skip("this processor has no lower precision")
    cache = FeatureCache(tmp_path)
    exact = with_cache(digits, tiny, cache, [("late", 2)], runtime=OpenVino())["late", 2]
    near = with_cache(digits, tiny, cache, [("late", 2)], runtime=lower)
    assert near.n_computed == 1  # not taken for the exact ones
    assert near.runtime.precision == lower.precision
    assert not np.array_equal(near["late", 2], exact)
    cosines = (near["late", 2] * exact).sum(axis=1) / (
        np.linalg.norm(near["late", 2], axis=1) * np.linalg.norm(exact, axis=1)
    )
    assert cosines.min() > 0.98
    again = with_cache(digits, tiny, cache, [("late", 2)], runtime=lower)
    assert again.n_computed == 0


class WrongRuntime(TensorFlow):
    """Computes well, and then loses precision."""

    name = "openvino"

    def load(self, model, calibration):
        run = super().load(model, calibration)
        return lambda batch: [features * 1.001 for features in run(batch)]


def test_a_runtime_that_is_wrong_for_this_network_is_an_error(tiny, digits, monkeypatch):
    monkeypatch.setitem(RUNTIMES, "openvino", WrongRuntime())
    with pytest.raises(RuntimeMismatchError, match=r"difference of 1.0e-03. Use --runtime tens"):
        with_cache(digits, tiny, None, [("late", 1)], runtime="openvino")


def test_auto_goes_back_to_tensorflow_when_the_other_is_wrong(tiny, digits, monkeypatch, tmp_path):
    monkeypatch.setitem(RUNTIMES, "openvino", WrongRuntime())
    monkeypatch.setattr(module, "choose_runtime", lambda *_, **__: RUNTIMES["openvino"])
    features = with_cache(digits, tiny, FeatureCache(tmp_path), [("late", 1)], runtime="auto")
    assert features.runtime is RUNTIMES["tensorflow"]
    assert_same(features["late", 1], slow_features(digits, tiny, "late", 1))


@pytest.mark.parametrize("is_named", [True, False])
def test_a_runtime_that_was_chosen_before_is_exchanged_only_if_nobody_named_it(
    tiny, digits, is_named
):
    job = {"row": tiny, "weights": None, "size": SIZE, "requests": [("late", 1)]}
    ways = [
        lambda: extract(digits, **job, runtime=WrongRuntime(), is_named=is_named, cache=None),
        lambda: extract_within(
            Deadline(300), digits, **job, runtime=WrongRuntime(), is_named=is_named
        ),
    ]
    for way in ways:
        if is_named:
            with pytest.raises(RuntimeMismatchError):
                way()
        else:
            assert way().runtime is RUNTIMES["tensorflow"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"requests": []}, "at least one tap", id="nothing-requested"),
        pytest.param({"requests": [("lat", 1)]}, "Did you mean late?", id="unknown-tap"),
        pytest.param({"requests": [("late", 0)]}, "a grid of at least 1", id="no-cell"),
        pytest.param({"requests": [("late", 5)]}, "a grid from 1 to 4", id="grid-too-fine"),
        pytest.param({"size": 4}, "at least 8", id="size-too-small"),
        pytest.param({"runtime": "tensorflw"}, "Did you mean tensorflow?", id="unknown-runtime"),
    ],
)
def test_extract_refuses(tiny, digits, tmp_path, options, message):
    cache = FeatureCache(tmp_path)
    with pytest.raises(InvalidArgumentError, match=message):
        with_cache(digits, tiny, cache, **{"requests": [("late", 1)]} | options)
    assert cache.entries() == []


def test_forecast_counts_the_features(tiny):
    many, few = drawn(1_000), drawn(300)
    needs = forecast(many, row=tiny, size=SIZE, requests=[("late", 2), ("early", 1)])
    assert needs.features == 4 * 1_000 * 8 * (4 + 1)
    assert needs.working == forecast(few, row=tiny, size=SIZE, requests=[("late", 1)]).working


def test_forecast_counts_what_is_read_ahead_and_decoded(tiny, tmp_path):
    def working(images):
        return forecast(images, row=tiny, size=SIZE, requests=[("late", 1)]).working

    assert working(drawn(300, side=48)) - working(drawn(300, side=16)) >= 4 * 256 * (48**2 - 16**2)
    small = working(open_data(photographs(tmp_path / "small", side=50)))
    large = working(open_data(photographs(tmp_path / "large", side=500)))
    assert large - small >= 14 * (500**2 - 50**2) * n_decoders()


def drawn(n, side=12):
    return open_data((np.zeros((n, side, side), np.uint8), np.arange(n) % 2))


def photographs(folder, *, side, n=40):
    generator = np.random.default_rng(side)
    for i in range(n):
        place = folder / f"class_{i % 2}"
        place.mkdir(parents=True, exist_ok=True)
        pixels = generator.integers(0, 256, (side, side, 3), np.uint8)
        Image.fromarray(pixels).save(place / f"{i}.png", compress_level=1)
    return folder


def test_only_small_copies_of_photographs_are_held(tiny, tmp_path):
    images = open_data(photographs(tmp_path, side=500))

    def peak(n):
        tracemalloc.start()
        try:
            batch = prepared(images, np.arange(n), size=SIZE, picture_shape=None)
            return batch.shape, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(8)  # what is kept for pictures of this size is made
    (_, few), (shape, many) = peak(8), peak(40)
    assert shape == (40, SIZE, SIZE, 3)
    assert many - few < 8 * 500 * 500 * 3  # 32 more photographs would be four times as much
