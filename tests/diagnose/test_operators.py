import random
from types import ModuleType

import numpy as np
import pytest
from scipy import ndimage

from regraft.adapt.resize import resize
from regraft.diagnose.agent import reshaping, scoring, shuffling


@pytest.fixture
def pictures(digits):
    return digits["x_train"][:40]


def events(record, what):
    return [event["details"] for event in record.events if event["what"] == what]


def test_np_resize_of_pictures_is_noted_where_it_stands(script, record, pictures, monkeypatch):
    resize = np.resize
    monkeypatch.setattr(np, "resize", lambda a, new_shape: reshaping.resized(resize, a, new_shape))
    names = script.run("import numpy as np\n\ny = np.resize(x, (40, 56, 56, 3))", x=pictures)
    np.testing.assert_array_equal(names["y"], resize(pictures, (40, 56, 56, 3)))
    (event,) = [e for e in record.events if e["what"] == "numpy.resize"]
    assert event["site"] == {
        "file": str(script.path),
        "line": 3,
        "code": "y = np.resize(x, (40, 56, 56, 3))",
    }
    assert event["details"] == {
        "in_shape": [40, 28, 28],
        "out_shape": [40, 56, 56, 3],
        "picture_like": True,
    }


@pytest.mark.parametrize(
    ("shape", "new_shape"),
    [
        ((4,), 12),
        ((4,), np.int64(12)),
        ((6, 28, 28), (3, 28, 28)),
        ((6, 28, 28, 1), (9, 28, 28, 1)),
        ((5, 7), 3),
        ((6, 28, 28), (6, 784)),
        ((6, 784), (6, 28, 28, 1)),
    ],
    ids=[
        "a number",
        "a numpy number",
        "fewer rows",
        "more rows",
        "a few",
        "flattened",
        "from flat",
    ],
)
def test_np_resize_of_what_is_no_picture(script, record, shape, new_shape):
    array = np.arange(np.prod(shape)).reshape(shape)
    line = "y = r(np.resize, x, s)"
    names = script.run(line, r=reshaping.resized, np=np, x=array, s=new_shape)
    np.testing.assert_array_equal(names["y"], np.resize(array, new_shape))
    assert not any(event["picture_like"] for event in events(record, "numpy.resize"))


@pytest.mark.parametrize(
    ("given", "shape"),
    [
        ((40, 28, 28), (40, 56, 56, 3)),
        ((40, 28, 28, 1), (40, 14, 14, 1)),
        ((40, 28, 28), (40, 56, 56)),
        ((28, 28), (56, 56)),
        ((28, 28), (56, 56, 3)),
    ],
    ids=["all, with channels", "all, smaller", "all, gray", "one gray", "one with channels"],
)
def test_the_repair_resizes_each_picture(script, pictures, given, shape):
    x = pictures[: given[0]].reshape(given) if len(given) > 2 else pictures[0].reshape(given)
    repair = ("true-resize", script.at(1))
    y = script.run("y = r(np.resize, x, s)", repair, r=reshaping.resized, np=np, x=x, s=shape)["y"]
    assert y.shape == shape
    assert y.dtype == np.uint8
    height, width = shape[1:3] if given[0] == 40 else shape[:2]
    wanted = np.rint(resize(pictures[0][..., None], height=height, width=width))[..., 0]
    first = y[0] if given[0] == 40 else y
    channels = first.reshape(height, width, -1)
    np.testing.assert_array_equal(channels, np.repeat(wanted[..., None], channels.shape[-1], -1))


def test_bytes_that_wrap_are_noted(script, record, pictures):
    names = script.run("y = x - 127\nz = x / 255.0", x=pictures)
    np.testing.assert_array_equal(names["y"], pictures - np.uint8(127))
    (event,) = events(record, "uint8-wrap")
    assert event["wrapped"] == pytest.approx(np.mean(pictures < 127), abs=0.02)
    assert [e["operand"] for e in events(record, "operator")] == [127.0, 255.0]


@pytest.mark.parametrize("source", ["y = x // 255", "y = x\ny //= 255"], ids=["//", "//="])
def test_a_division_that_leaves_nothing_is_noted_and_mended(script, record, pictures, source):
    script.run(source, x=pictures.copy())
    (event,) = events(record, "uint8-wrap")
    assert event["operator"] == "//"
    repair = ("float-arithmetic", script.at(source.count("\n") + 1))
    y = script.run(source, repair, x=pictures.copy())["y"]
    np.testing.assert_allclose(y, pictures.astype(np.float32) / 255, atol=1e-7)


def test_bytes_that_do_not_wrap_are_fine(script, record, pictures):
    script.run("y = x // 2\ny //= 3\nz = x - x", x=pictures)
    assert events(record, "uint8-wrap") == []


@pytest.mark.parametrize("source", ["y = x - 127", "y = x\ny -= 127"], ids=["-", "-="])
def test_the_repair_computes_in_floats(script, record, pictures, source):
    repair = ("float-arithmetic", script.at(source.count("\n") + 1))
    y = script.run(source, repair, x=pictures)["y"]
    np.testing.assert_array_equal(y, pictures.astype(np.float32) - 127)
    assert events(record, "uint8-wrap") == []


CASTS = [
    "y = x.astype('uint8')",
    "y = np.uint8(x)",
    "y = x.astype(np.uint8)",
    "y = np.array(x, dtype='uint8')",
    "y = np.asarray(list(x), np.uint8)",
]


@pytest.mark.parametrize("source", CASTS)
@pytest.mark.parametrize("factor", [1 / 255, 3.0])
def test_a_cast_that_loses_pixels_is_noted_and_mended(script, record, pictures, source, factor):
    x = pictures * factor
    script.run(source, x=x, np=np)
    (event,) = events(record, "uint8-wrap")
    assert event["operator"] == "astype"
    assert event["wrapped"] > 0.05
    y = script.run(source, ("float-arithmetic", script.at(1)), x=x, np=np)["y"]
    np.testing.assert_array_equal(y, x.astype(np.float32))


@pytest.mark.parametrize("source", CASTS)
def test_a_cast_that_rounds_is_fine(script, record, pictures, source):
    for x in (pictures * 0.9, pictures.astype(float), (pictures > 127).astype(float)):
        script.run(source, x=x, np=np)
    assert events(record, "uint8-wrap") == []


WRITES = [
    "y = np.zeros((40, 28, 28), 'uint8')\nfor i, p in enumerate(x): y[i] = p",
    "y = np.zeros(x.shape, dtype=int)\ny[:] = x",
    "y = np.zeros_like(raw)\nfor i, p in enumerate(x): y[i, :, :] = p",
    "y = np.full(x.shape, 255, np.uint8)\nfor i, p in enumerate(x): y[i] = p",
]


@pytest.mark.parametrize("source", WRITES)
def test_fractions_written_into_whole_numbers_are_noted_and_mended(
    script, record, pictures, source
):
    x = pictures / 255
    script.run(source, x=x, np=np, raw=pictures)
    found = [event for event in record.events if event["what"] == "uint8-wrap"]
    assert {event["site"]["line"] for event in found} == {1}
    assert max(event["details"]["wrapped"] for event in found) > 0.05
    y = script.run(source, ("float-arithmetic", script.at(1)), x=x, np=np, raw=pictures)["y"]
    np.testing.assert_array_equal(y, x.astype(np.float32))


@pytest.mark.parametrize("source", WRITES)
def test_whole_numbers_written_into_whole_numbers_are_fine(script, record, pictures, source):
    for x in (pictures, pictures.astype(float), pictures * 0.9):
        script.run(source, x=x, np=np, raw=pictures)
    assert events(record, "uint8-wrap") == []


def test_what_is_written_into_anything_else_is_written(script, record):
    source = "d['a'] = 1\nx[1:3] = 0.5\nx[(0, ...)] = 2\nn[0][1] = 'b'"
    names = script.run(source, d={}, x=np.zeros((4, 2)), n=[[0, 0]])
    assert names["d"] == {"a": 1}
    assert names["n"] == [[0, "b"]]
    np.testing.assert_array_equal(names["x"], [[2, 2], [0.5, 0.5], [0.5, 0.5], [0, 0]])
    assert record.events == []


def test_in_place_stays_in_place(script, pictures):
    x = pictures.astype(np.float32)
    names = script.run("y = x\ny /= 255.0", x=x)
    assert names["y"] is x
    assert x.max() <= 1


def photographs(n=24, side=20):
    """Smooth colour pictures: noise of four pixels a side, enlarged."""
    rng = np.random.default_rng(3)
    coarse = rng.uniform(0, 255, (n, 4, 4, 3))
    steps = np.linspace(0, 3, side)
    low = np.minimum(steps.astype(int), 2)
    part = steps - low
    rows = coarse[:, low] * (1 - part)[:, None, None] + coarse[:, low + 1] * part[:, None, None]
    part = part[:, None]
    return rows[:, :, low] * (1 - part) + rows[:, :, low + 1] * part


def test_planes_read_as_pixels_are_noted_with_their_mend(script, record):
    planes = np.moveaxis(photographs(), -1, 1).copy()
    script.run("y = x.reshape(24, 20, 20, 3)", x=planes)
    (event,) = events(record, "ndarray.reshape")
    assert event["correlation_before"] > 0.9
    assert event["correlation_after"] < 0.7
    assert event["axes_fix"] == [0, 2, 3, 1]
    repair = ("true-transpose", script.at(1, axes=event["axes_fix"]))
    y = script.run("y = x.reshape(24, 20, 20, 3)", repair, x=planes)["y"]
    np.testing.assert_array_equal(y, photographs())


@pytest.mark.parametrize("channels", [1, 3])
def test_height_taken_for_width_is_noted_with_its_mend(script, record, channels):
    x = photographs(side=24)[:, :16, :, :channels].copy()  # 16 high, 24 wide
    line = f"y = x.reshape(-1, 24, 16, {channels})"
    script.run(line, x=x.reshape(-1))
    (event,) = events(record, "ndarray.reshape")
    assert event["axes_fix"] == [0, 2, 1, 3]
    repair = ("true-transpose", script.at(1, axes=event["axes_fix"]))
    y = script.run(line, repair, x=x.reshape(-1))["y"]
    assert y.shape == (24, 24, 16, channels)
    np.testing.assert_allclose(y.mean(axis=(1, 2)), x.mean(axis=(1, 2)), atol=3)
    script.run(f"y = x.reshape(-1, 16, 24, {channels})", x=x.reshape(-1))
    assert len(events(record, "ndarray.reshape")) == 1


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_along_the_last_axis_are_noted_with_their_mend(script, record, channels):
    x = photographs()[..., :channels]
    held = np.moveaxis(x, 0, -1).copy()  # as MATLAB writes them
    line = f"y = x.reshape(-1, 20, 20, {channels})"
    script.run(line, x=held if channels > 1 else held[:, :, 0])
    (event,) = events(record, "ndarray.reshape")
    assert event["axes_fix"] == ([3, 0, 1, 2] if channels > 1 else [2, 0, 1])
    repair = ("true-transpose", script.at(1, axes=event["axes_fix"]))
    y = script.run(line, repair, x=held if channels > 1 else held[:, :, 0])["y"]
    np.testing.assert_array_equal(y, x)


@pytest.mark.parametrize(
    "line",
    ["x.reshape(24, 20, 20, 3)", "x.reshape(-1, 20, 20, 3)", "x.reshape(12, 2, 20, 60)"],
)
def test_reshapes_that_keep_neighbours_are_no_fault(script, record, line):
    script.run(f"y = {line}", x=photographs())
    for event in events(record, "ndarray.reshape"):
        assert event["axes_fix"] is None
        assert event["correlation_after"] > 0.7


def test_flat_rows_become_pictures_without_a_word(script, record, pictures):
    script.run("y = x.reshape(40, 28, 28, 1)", x=pictures.reshape(40, 784))
    script.run("y = x.reshape(40, 28, 28, 1)", x=pictures.reshape(40, 1, 784))
    assert all(event["correlation_before"] == 0 for event in events(record, "ndarray.reshape"))


@pytest.mark.parametrize("shape", [(784, 40), (-1,)], ids=["a table", "a buffer"])
def test_a_picture_a_column_is_noted_with_its_mend(script, record, pictures, shape):
    held = pictures.reshape(40, 784).T.copy().reshape(shape)
    script.run("y = x.reshape((-1, 28, 28, 1))", x=held)
    (event,) = events(record, "ndarray.reshape")
    assert event["axes_fix"] == [1, 0]
    repair = ("true-transpose", script.at(1, axes=[1, 0]))
    y = script.run("y = x.reshape((-1, 28, 28, 1))", repair, x=held)["y"]
    np.testing.assert_array_equal(y, pictures.reshape(40, 28, 28, 1))


@pytest.mark.parametrize("shape", [(40, 28, 28, 1), (40, 28, 28), (28, 28)])
def test_a_buffer_with_one_picture_after_the_other_is_no_fault(script, record, pictures, shape):
    script.run(f"y = x.reshape({shape})", x=pictures.reshape(-1)[: np.prod(shape)])
    assert events(record, "ndarray.reshape") == []


def test_flat_rows_with_one_channel_after_the_other_are_mended():
    planes = np.moveaxis(photographs(), -1, 1).reshape(24, -1)
    read = planes.reshape(24, 20, 20, 3)
    np.testing.assert_array_equal(reshaping._planes_apart(read), photographs())


def test_swapped_channels_are_noted_and_left_out(script, record):
    x = photographs()
    names = script.run("y = x[..., ::-1]\nz = x[:, :, :, ::-1]\nf = x[:, :, ::-1]", x=x)
    np.testing.assert_array_equal(names["y"], x[..., ::-1])
    np.testing.assert_array_equal(names["f"], x[:, :, ::-1])
    assert [e["site"]["line"] for e in record.events if e["what"] == "channel-flip"] == [1, 2]
    repair = ("drop-call", script.at(1, what="channel-flip"))
    assert script.run("y = x[..., ::-1]", repair, x=x)["y"] is x


@pytest.mark.parametrize(
    "line",
    ["y = np.flip(x, -1)", "y = np.flip(x, axis=3)", "y = x[..., [2, 1, 0]]",
     "y = keras.ops.flip(x, axis=-1)", "y = tf.reverse(x, axis=[-1])"],
)  # fmt: skip
def test_channels_swapped_by_other_means_are_noted_and_left_out(script, record, line):
    import keras
    import tensorflow as tf

    x = photographs()
    names = {"x": x, "np": np, "keras": keras, "tf": tf}
    y = script.run(line, **names)["y"]
    np.testing.assert_allclose(np.asarray(y), x[..., ::-1])
    assert [e["what"] for e in record.events] == ["channel-flip"]
    assert script.run(line, ("drop-call", script.at(1, what="channel-flip")), **names)["y"] is x


def test_functions_of_other_modules_are_called_as_they_are_written(script, record):
    helper = ModuleType("helper")
    helper.flip = lambda picture, share, axis=None: (picture.shape, share, axis)
    helper.argmax = lambda scores, outputs=None: (len(scores), outputs)
    names = script.run("a = h.flip(x, 0.5, axis=-1)\nb = h.flip(x, -1)\nc = h.argmax(x, outputs=3)",
                       h=helper, x=photographs())  # fmt: skip
    shape = photographs().shape
    assert (names["a"], names["b"]) == ((shape, 0.5, -1), (shape, -1, None))
    assert (names["c"], record.events) == ((len(photographs()), 3), [])


def test_what_is_turned_over_otherwise_is_no_swap(script, record):
    lines = "a = np.flip(x, 2)\nb = np.flip(x)\nc = x[..., [0, 1, 2]]\nd = [1, 2]\nd.reverse()"
    names = script.run(lines, x=photographs(), np=np)
    np.testing.assert_array_equal(names["b"], np.flip(names["x"]))
    assert (names["d"], record.events) == ([2, 1], [])


def test_a_mask_beside_a_reversed_axis(script, digits):
    x = np.repeat(digits["x_train"][:6, ..., None], 3, axis=-1)
    mask = np.arange(6) % 2 == 0
    y = script.run("y = x[m, :, ::-1]", x=x, m=mask)["y"]
    np.testing.assert_array_equal(y, x[mask][:, :, ::-1])


def test_mistakes_are_counted_as_well_as_hits(script, record):
    scoring.answered(np.array([0, 1, 2, 2]))
    script.run("e = (a != y).mean()", a=np.array([0, 1, 2, 2]), y=np.array([0, 1, 2, 0]))
    (score,) = record.scores
    assert score["claimed"] == pytest.approx(0.75)


@pytest.mark.parametrize(
    "line",
    ["e = tf.reduce_mean(tf.cast(a == y, tf.float32))", "e = tf.equal(a, y)", "tf.math.equal(y, a)",
     "e = np.equal(a, y)", "e = tf.math.not_equal(a, y)", "tf.math.confusion_matrix(y, a)"],
)  # fmt: skip
def test_tensors_are_compared_as_arrays_are(script, record, line):
    import tensorflow as tf

    scoring.answered(np.array([0, 1, 2, 2]))
    script.run(line, a=tf.constant([0, 1, 2, 2]), y=tf.constant([0, 1, 2, 0]), tf=tf, np=np)
    (score,) = record.scores
    assert score["claimed"] == pytest.approx(0.75)


ALONE = {
    "labels": ("rng.shuffle(y)", True),
    "pictures": ("rng.shuffle(x)", True),
    "row numbers": ("rng.shuffle(i)", False),
    "names": ("rng.shuffle(names)", True),
    "one-hot labels": ("rng.shuffle(hot)", True),
    "labels as floats": ("rng.shuffle(f)", True),
    "a table": ("rng.shuffle(table)", False),
    "a list of labels": ("rng.shuffle(few)", True),
}


@pytest.mark.parametrize(("line", "alone"), ALONE.values(), ids=ALONE)
def test_a_shuffle_of_one_of_two_arrays(script, record, line, alone, digits):
    given = {
        "x": digits["x_train"][:20].copy(),
        "y": digits["y_train"][:20].copy(),
        "i": np.arange(20),
        "names": np.array(list("abcdefgh")),
        "hot": np.eye(4)[np.arange(20) % 4],
        "f": np.arange(20) % 4 * 1.0,
        "table": np.random.default_rng(0).random((20, 5)),
        "few": [2, 2, 1, 1],
    }
    source = f"import numpy as np\nrng = np.random.default_rng(0)\n{line}"
    script.run(source, **given)
    (event,) = events(record, "numpy.random.shuffle")
    assert event["alone"] is alone
    assert event["names"] is ("names" in line)


def test_a_shuffle_can_be_left_out(script, digits):
    source = (
        "import numpy as np\nrng = np.random.default_rng(0)\nrng.shuffle(y)\nz = rng.permutation(y)"
    )
    y = digits["y_train"][:20].copy()
    left_out = [("drop-call", script.at(n, what="numpy.random.shuffle")) for n in (3, 4)]
    names = script.run(source, *left_out, y=y)
    np.testing.assert_array_equal(names["y"], digits["y_train"][:20])
    np.testing.assert_array_equal(names["z"], y)


def test_permutations_of_numbers_and_lists_are_left_alone(script):
    source = """
        import numpy as np
        rng = np.random.default_rng(0)
        a, b, c = rng.permutation(5), rng.permutation(np.int64(4)), [1, 2, 3]
        rng.shuffle(c)
    """
    names = script.run(source)
    assert sorted(names["a"]) == list(range(5))
    assert sorted(names["b"]) == list(range(4))
    assert sorted(names["c"]) == [1, 2, 3]


def test_an_order_of_row_numbers_is_noted_and_can_be_left_out(script, record):
    source = "import numpy as np\nrng = np.random.default_rng(0)\ni = rng.permutation(50)"
    script.run(source)
    (event,) = events(record, "numpy.random.shuffle")
    assert event["row_numbers"]
    assert not event["alone"]
    names = script.run(source, ("drop-call", script.at(3, what="numpy.random.shuffle")))
    np.testing.assert_array_equal(names["i"], np.arange(50))


@pytest.mark.parametrize(
    "line", ["i = rng.permuted(y)", "i = rng.choice(y, len(y), replace=False)"]
)
def test_orders_by_other_names_are_shuffles_too(script, record, line):
    y = np.arange(50) % 7
    given = {"rng": np.random.default_rng(0), "y": y}
    assert sorted(script.run(line, **given)["i"]) == sorted(y)
    (event,) = events(record, "numpy.random.shuffle")
    assert event["alone"]
    names = script.run(line, ("drop-call", script.at(1, what="numpy.random.shuffle")), **given)
    np.testing.assert_array_equal(names["i"], y)


def test_a_few_that_are_chosen_are_no_order(script, record):
    script.run("i = rng.choice(50, 8, replace=False)", rng=np.random.default_rng(0))
    assert events(record, "numpy.random.shuffle") == []


def test_a_sample_of_a_whole_list_is_a_shuffle(script, record):
    given = {"v": list("abcdefgh"), "s": shuffling.sampled_list, "f": random.sample}
    assert sorted(script.run("w = s(f, v, len(v))", **given)["w"]) == given["v"]
    (event,) = events(record, "random.shuffle")
    assert event["alone"]
    repair = ("drop-call", script.at(1, what="random.shuffle"))
    assert script.run("w = s(f, v, len(v))", repair, **given)["w"] == given["v"]
    assert len(script.run("w = s(f, v, 3)", **given)["w"]) == 3


def test_what_a_library_shuffles_is_its_own_business(record):
    shuffling.shuffled(np.random.permutation, (50,), {})
    assert events(record, "numpy.random.shuffle") == []


SHUFFLED_LISTS = {
    "names": (list("abcdefgh"), True, False),
    "row numbers": (list(range(8)), False, True),
    "pairs": ([("a", 0), ("b", 1)], False, False),
}


@pytest.mark.parametrize(
    ("values", "alone", "row_numbers"), SHUFFLED_LISTS.values(), ids=SHUFFLED_LISTS
)
def test_a_list_that_is_shuffled(script, record, values, alone, row_numbers):
    given = {"v": [*values], "s": shuffling.shuffled_list, "f": random.shuffle}
    script.run("s(f, v)", **given)
    (event,) = events(record, "random.shuffle")
    assert (event["alone"], event["row_numbers"]) == (alone, row_numbers)
    assert event["names"] == (values[0] == "a")
    kept = [*values]
    repair = ("drop-call", script.at(1, what="random.shuffle"))
    script.run("s(f, v)", repair, **(given | {"v": kept}))
    assert kept == values


def test_a_generator_of_ones_own_shuffles_as_the_module_does(script, record):
    given = {"g": random.Random(3), "v": [*range(9)]}
    script.run("g.shuffle(v)", **given)
    (event,) = events(record, "random.shuffle")
    assert event["row_numbers"]
    kept = [*range(9)]
    repair = ("drop-call", script.at(1, what="random.shuffle"))
    script.run("g.shuffle(v)", repair, **(given | {"v": kept}))
    assert kept == [*range(9)]


class Layer:
    __module__ = "keras.src.layers.layer"
    name = "block"
    trainable_variables = ()
    trainable = True


class OwnModel(Layer):
    __module__ = "__main__"


def test_what_is_set_on_layers_is_noted(script, record):
    names = script.run("a.trainable = False\na.trainabel = False\na.units = 3", a=Layer())
    assert names["a"].trainable is False
    assert events(record, "trainable") == [{"layer": "block", "value": False}]
    (mistyped,) = events(record, "attribute")
    assert mistyped["name"] == "trainabel"
    assert mistyped["nearest"] == "trainable"


def test_a_model_of_the_scripts_own_may_have_such_attributes_for_itself(script, record):
    script.run("m.trainable_base = False\nm.freeze = True", m=OwnModel())
    assert events(record, "attribute") == []


def test_a_comparison_of_remembered_predictions_is_a_score(script, record):
    outputs = np.eye(3)[[0, 1, 2, 2]]
    scoring.predicted(outputs, np.array([0, 1, 2, 2]), np.arange(4))
    script.run("hits = (p == y).mean()", p=np.array([0, 1, 2, 2]), y=np.array([2, 1, 0, 2]))
    (score,) = record.scores
    assert (score["claimed"], score["honest"], score["n"]) == (0.5, 1.0, 4)


def test_height_and_width_of_one_picture_mistaken_for_each_other(script, record, pictures):
    tall = np.repeat(resize(pictures[0][..., None], height=40, width=24), 3, axis=-1)
    line = "y = x.reshape((x.shape[1], x.shape[0], 3))"
    script.run(line, x=tall)
    (event,) = events(record, "ndarray.reshape")
    assert event["axes_fix"] == [1, 0, 2]
    assert event["correlation_before"] - event["correlation_after"] > 0.2
    repair = ("true-transpose", script.at(1, axes=event["axes_fix"]))
    y = script.run(line, repair, x=tall)["y"]
    np.testing.assert_array_equal(y, np.swapaxes(tall, 0, 1))


def test_planes_taken_for_pixels_are_seen_in_smooth_pictures_too(script, record):
    noise = np.random.default_rng(0).normal(size=(40, 96, 96, 3))
    scenes = ndimage.gaussian_filter(noise, (0, 4, 4, 0), mode="wrap")
    rows = np.moveaxis(scenes, -1, 1).reshape(40, -1)
    script.run("y = x.reshape(-1, 96, 96, 3)", x=rows)
    script.run("y = x.reshape(-1, 96, 96, 3)", x=scenes.reshape(40, -1))
    broken = events(record, "ndarray.reshape")
    assert [event["axes_fix"] for event in broken] == [[0, 2, 3, 1]]
    assert broken[0]["correlation_after"] > 0.7


def test_one_picture_that_keeps_its_shape_is_no_fault(script, record, pictures):
    flat = np.repeat(pictures[0][..., None], 3, axis=-1)
    script.run("y = x.reshape(28, 28, 3)", x=flat)
    assert [event["axes_fix"] for event in events(record, "ndarray.reshape")] == [None]


def test_answers_batch_by_batch_are_one_prediction(record, monkeypatch):
    monkeypatch.setattr(scoring, "_PREDICTIONS", [])
    answers, truth = np.eye(3)[[0, 1, 2, 1, 0, 2, 2]], np.array([0, 1, 2, 1, 0, 0, 0])
    for start in range(0, 7, 3):
        scoring.predicted(answers[start : start + 3], None, np.arange(len(answers[start:][:3])))
    together = answers.argmax(axis=1)
    assert scoring.compared(together, truth, {"file": "a.py", "line": 9, "code": ""})
    assert [score["claimed"] for score in record.scores] == [pytest.approx(5 / 7)]
    assert not scoring.compared(together[::-1], truth, {"file": "a.py", "line": 9, "code": ""})


@pytest.mark.parametrize("line", ["np.mean(x == t)", "(x == t).mean()", "np.mean(t == x)"])
def test_the_mean_over_single_outputs_is_a_score(script, record, monkeypatch, line):
    monkeypatch.setattr(scoring, "_PREDICTIONS", [])
    answers = np.eye(10)[[0, 1, 2, 3, 3]] * 0.8
    scoring.predicted(answers, None, np.arange(5))
    script.run(f"y = {line}", x=(answers > 0.5).astype(int), t=np.eye(10)[[0, 1, 2, 4, 5]], np=np)
    (score,) = record.scores
    assert score["claimed"] == pytest.approx(0.92)
    assert score["honest"] == pytest.approx(0.6)


@pytest.mark.parametrize("line", ["(x == t).all(axis=1).mean()", "(x == t).mean(axis=0)"])
def test_other_means_are_no_score(script, record, monkeypatch, line):
    monkeypatch.setattr(scoring, "_PREDICTIONS", [])
    answers = np.eye(10)[[0, 1, 2, 3, 3]] * 0.8
    scoring.predicted(answers, None, np.arange(5))
    script.run(f"y = {line}", x=(answers > 0.5).astype(int), t=np.eye(10)[[0, 1, 2, 4, 5]])
    assert not record.scores


def test_only_the_latest_answers_are_kept(monkeypatch):
    monkeypatch.setattr(scoring, "_PREDICTIONS", [])
    monkeypatch.setattr(scoring, "MOST_REMEMBERED", 3)
    for _ in range(5):
        scoring.predicted(np.eye(2), None, np.arange(2))
    assert len(scoring._PREDICTIONS) == 3


def test_functions_that_are_operators_by_another_name(script):
    x = np.arange(48, dtype=np.uint8).reshape(3, 4, 4)
    y = script.run("y = np.subtract(x, np.uint8(40))", x=x, np=np)["y"]
    np.testing.assert_array_equal(y, x - np.uint8(40))
    repair = ("float-arithmetic", script.at(1))
    y = script.run("y = np.subtract(x, np.uint8(40))", repair, x=x, np=np)["y"]
    np.testing.assert_array_equal(y, x.astype(float) - 40)


class Tensor:
    """What TensorFlow gives, as far as it matters here."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def numpy(self):
        return self.values

    def __array__(self, dtype=None, copy=None):
        return self.values


@pytest.mark.parametrize(
    ("values", "alone", "row_numbers"),
    [
        pytest.param(np.zeros((6, 4, 4, 1)), True, False, id="pictures"),
        pytest.param([3, 3, 1, 0], True, False, id="labels"),
        pytest.param([0, 1, 2, 3], False, True, id="row-numbers"),
    ],
)
@pytest.mark.parametrize("kind", [np.asarray, Tensor], ids=["array", "tensor"])
def test_a_tensor_that_is_shuffled(script, record, values, alone, row_numbers, kind):
    given = {"v": kind(values), "s": shuffling.shuffled_tensor, "f": lambda x: x[::-1]}
    if kind is Tensor:
        given["f"] = lambda x: Tensor(x.values[::-1])
    source = "z = s(f, 'tf.random.shuffle', v)"
    names = script.run(source, **given)
    np.testing.assert_array_equal(np.asarray(names["z"]), np.asarray(values)[::-1])
    (event,) = events(record, "tf.random.shuffle")
    assert (event["alone"], event["row_numbers"]) == (alone, row_numbers)
    repair = ("drop-call", script.at(1, what="tf.random.shuffle"))
    assert script.run(source, repair, **given)["z"] is given["v"]


@pytest.mark.parametrize("to", [(8, 4, 4), (8 * 16,)])
def test_an_array_is_resized_in_place_as_numpy_does(script, record, to):
    pictures = np.arange(6 * 16, dtype=np.float32).reshape(6, 4, 4)
    names = script.run("x = p.copy()\nx.resize(shape)", p=pictures, shape=to)
    flat = np.zeros(np.prod(to), np.float32)
    flat[:96] = pictures.ravel()
    np.testing.assert_array_equal(names["x"], flat.reshape(to))


def test_pictures_enlarged_in_place_are_noted_and_mended(script, record, pictures):
    source = "x = p.copy()\nx.resize((40, 56, 56))"
    script.run(source, p=pictures)
    (event,) = events(record, "numpy.resize")
    assert event["picture_like"]
    mended = script.run(source, ("true-resize", script.at(2)), p=pictures)["x"]
    assert mended.shape == (40, 56, 56)
    apart = np.abs(mended[:, ::2, ::2].astype(float) - pictures).mean()
    assert apart < 20


@pytest.mark.parametrize(
    "source",
    ["y = np.stack([p + np.uint8(90) for p in x])", "y = x.reshape(-1, 784) * np.uint8(3)"],
)
def test_bytes_of_one_picture_and_of_flattened_ones_wrap_too(script, record, pictures, source):
    script.run(source, x=pictures, np=np)
    assert max(event["wrapped"] for event in events(record, "uint8-wrap")) > 0.05


@pytest.mark.parametrize(
    "source",
    [
        "y = np.stack([(p / 255.0).astype('uint8') for p in x])",
        "y = (x.reshape(-1, 784) / 255).astype('uint8')",
        "y = np.zeros((40, 784), 'uint8')\nfor i, p in enumerate(x): y[i] = p.ravel() / 255",
    ],
)
def test_casts_of_one_picture_and_of_flattened_ones_are_seen_too(script, record, pictures, source):
    script.run(source, x=pictures, np=np)
    assert max(event["wrapped"] for event in events(record, "uint8-wrap")) > 0.05


def test_answers_and_labels_are_no_pictures(script, record):
    answers = np.random.default_rng(0).random((50, 10))
    source = "y = p.astype('uint8')\nz = np.zeros((50, 10), int)\nz[0] = p[0]\nv = b * b"
    script.run(source, p=answers, np=np, b=np.full((50, 3), 200, np.uint8))
    assert record.events == []


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("y = np.array(\n    [p / 255 for p in x],\n    dtype='uint8',\n)", 1),
        ("y = (\n    x / 255\n).astype(\n    'uint8'\n)", 3),
        ("y = (\n    x -\n    np.uint8(127)\n)", 2),
    ],
)
def test_calls_over_several_lines_are_where_their_name_stands(
    script, record, pictures, source, line
):
    script.run(source, x=pictures, np=np)
    sites = [event["site"] for event in record.events if event["what"] == "uint8-wrap"]
    assert {site["line"] for site in sites} == {line}


def test_one_picture_read_with_width_before_height(script, record):
    """Smooth blobs, 40 high and 64 wide, read as 64 high and 40 wide."""
    noise = np.random.default_rng(0).normal(size=(40, 64, 3))
    smooth = ndimage.gaussian_filter(noise, (4, 4, 0))
    picture = (255 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.uint8)
    source = "y = b.reshape(64, 40, 3)\nz = b.reshape(40, 64, 3)"
    script.run(source, b=picture.ravel(), np=np)
    told = [event["axes_fix"] for event in events(record, "ndarray.reshape")]
    assert told == [[1, 0, 2], None]
    repair = ("true-transpose", {**script.at(1), "axes": [1, 0, 2]})
    y = script.run(source, repair, b=picture.ravel(), np=np)["y"]
    assert y.shape == (64, 40, 3)
    expected = resize(picture, height=64, width=40)
    assert np.abs(y - expected).mean() < 2
