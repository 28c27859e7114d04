"""Patches of real small scripts: they parse, and change the lines they should and no others."""

import dataclasses
import shutil
import subprocess

import pytest
from small_scripts import (
    ARTICLE,
    FRESH,
    NESTED,
    SCRIPT,
    context,
    divided,
    partly,
    resized,
    site,
)

from regraft.diagnose import repairs
from regraft.diagnose.conventions import conversion
from regraft.diagnose.evidence import Accuracy, Augmentation, Call, Labels, Order, Site
from regraft.diagnose.patch import EDITS, as_diff, patch, patch_what_is_known
from regraft.diagnose.syntax import undefined

WHOLE = (
    resized(ARTICLE, "x_train = np.resize", (60000, 28, 28, 3), (60000, 224, 224, 3)),
    resized(ARTICLE, "x_test = np.resize", (10000, 28, 28, 3), (10000, 224, 224, 3)),
)
RESIZE = tuple(("GEO001", repairs.true_resize(call.site), ()) for call in WHOLE)


def changes(before: str, after: str | None) -> tuple[list[str], list[str]]:
    """Lines taken away and lines added."""
    assert after is not None
    compile(after, "patched", "exec")
    lines = as_diff(before, after, script=SCRIPT).splitlines()[2:]
    return (
        [line[1:].strip() for line in lines if line.startswith("-")],
        [line[1:].strip() for line in lines if line.startswith("+")],
    )


def patched(source: str, *repairs_: object, rule="PRE001", where=(), **facts):
    repairs_ = tuple((rule, repair, where) for repair in repairs_)
    return changes(source, patch(source, repairs_, context(source, **facts)))


def test_an_optimiser_is_released():
    source = FRESH.replace('compile("adam"', "compile(SGD(0.1, clipnorm=1e-4)").replace(
        "import numpy as np", "import numpy as np\nfrom keras.optimizers import SGD"
    )
    removed, added = patched(source, repairs.release_optimiser(["clipnorm"]), backbone=None)
    assert len(removed) == len(added) == 1
    assert "clipnorm" in removed[0]
    assert "SGD(0.1)" in added[0]


def test_penalties_are_dropped():
    source = FRESH.replace("Dense(10", "Dense(10, kernel_regularizer=L2(1.0)")
    removed, added = patched(source, repairs.drop_penalties(), backbone=None)
    assert len(removed) == len(added) == 1
    assert "regularizer" not in added[0]


def test_np_resize_becomes_a_layer_and_the_whole_array_is_never_made():
    text = patch(ARTICLE, RESIZE, context(ARTICLE, calls=WHOLE, input_size=48))
    removed, added = changes(ARTICLE, text)
    assert "np.resize" not in text
    assert added == [
        "from tensorflow import keras",
        "pictures = keras.Input(shape=(28, 28, 3))",
        "resized = keras.layers.Resizing(64, 64)(pictures)",  # no smaller, or one cell is left
        "base_model = VGG16(weights='imagenet', include_top=False, input_tensor=resized)",
    ]
    assert len(removed) == 3


def test_np_resize_of_gray_pictures_gets_its_channels_in_the_model():
    calls = tuple(
        resized(ARTICLE, text, (n, 28, 28), (n, 224, 224, 3))
        for text, n in (("x_train = np.resize", 60000), ("x_test = np.resize", 10000))
    )
    _, added = changes(ARTICLE, patch(ARTICLE, RESIZE, context(ARTICLE, calls=calls)))
    assert added[1:5] == [
        "pictures = keras.Input(shape=(28, 28))",
        "resized = keras.layers.Reshape((28, 28, 1))(pictures)",
        "resized = keras.layers.Resizing(224, 224)(resized)",
        "resized = keras.layers.Concatenate()([resized] * 3)",
    ]


def test_np_resize_before_a_network_with_an_input_of_its_own():
    source = NESTED.replace("/ 255.0, d", ", d").replace(
        "\nbase =", "x_train = np.resize(x_train, (500, SIDE, SIDE, 3))\n\nbase ="
    )
    call = resized(source, "np.resize", (500, 32, 32, 3), (500, 96, 96, 3))
    facts = {"backbone": "mobilenet_v2", "builder": "MobileNetV2(", "calls": (call,)}
    _, added = patched(source, repairs.true_resize(call.site), **facts)
    assert "inputs = keras.Input((32, 32, 3))" in added
    assert "resized = keras.layers.Resizing(96, 96)(pictures)" in added


def test_np_resize_of_each_picture_becomes_a_resize_of_it():
    source = (
        "import keras\nimport numpy as np\nSIDE = 64\n"
        "x = np.stack([np.resize(p, (SIDE, SIDE)) for p in np.load('x.npy')])\n"
        "model = keras.Sequential()\nmodel.compile('adam', 'mse')\nmodel.fit(x, x)\n"
    )
    call = resized(source, "np.resize", (28, 28), (64, 64))
    _, added = patched(source, repairs.true_resize(call.site), backbone=None, calls=(call,))
    assert added == [
        "x = np.stack([np.squeeze(np.asarray(keras.ops.image.resize(np.expand_dims(p, -1), "
        "(SIDE, SIDE))), -1) for p in np.load('x.npy')])"
    ]


def test_an_array_too_large_to_resize_at_once_has_no_patch():
    facts = context(ARTICLE, backbone=None, calls=WHOLE)
    assert patch(ARTICLE, RESIZE, facts) is None


def test_raw_pixels_are_preprocessed_in_front_of_the_network():
    removed, added = patched(
        ARTICLE, repairs.convert_pixels(conversion("byte", "caffe")), seen="byte"
    )
    assert len(removed) == 1
    assert added == [
        "from tensorflow import keras",
        "pictures = keras.Input(shape=(224, 224, 3))",
        "base_model = VGG16(weights='imagenet', include_top=False, "
        "input_tensor=keras.applications.vgg16.preprocess_input(pictures))",
    ]


def test_an_imported_preprocess_input_is_used():
    source = ARTICLE.replace(
        "applications import VGG16", "applications.vgg16 import VGG16, preprocess_input as prepare"
    )
    _, added = patched(source, repairs.convert_pixels(conversion("byte", "caffe")), seen="byte")
    assert any("input_tensor=prepare(pictures)" in line for line in added)


def test_resizing_comes_before_preprocessing():
    everything = (
        *RESIZE,
        ("PRE004", repairs.convert_pixels(conversion("byte", "caffe")), ()),
        ("FRZ004", repairs.freeze_backbone(), ()),
    )
    text = patch(ARTICLE, everything, context(ARTICLE, calls=WHOLE, seen="byte", input_size=32))
    _, added = changes(ARTICLE, text)
    assert "input_tensor=keras.applications.vgg16.preprocess_input(resized))" in added[3]
    assert added[4:] == ["base_model.trainable = False"]


MOBILENET = {"backbone": "mobilenet_v2", "builder": "MobileNetV2(", "wanted": "signed"}
DIVISIONS = (divided(NESTED, "x_train, y_train ="), divided(NESTED, "x_val, y_val ="))


def test_a_division_is_taken_away_and_the_right_scaling_put_in():
    repair = repairs.convert_pixels(conversion("unit", "signed"))
    _, added = patched(NESTED, repair, seen="unit", calls=DIVISIONS, **MOBILENET)
    assert added[:2] == [
        'x_train, y_train = d["x"].astype("float32"), d["y"]',
        'x_val, y_val = d["xv"].astype("float32"), d["yv"]',
    ]
    assert "mobilenet_v2.preprocess_input(pictures)" in added[-1]


def test_a_division_before_a_network_that_rescales_is_only_taken_away():
    repair = repairs.convert_pixels(conversion("unit", "byte"))
    facts = MOBILENET | {"wanted": "byte"}
    removed, added = patched(NESTED, repair, seen="unit", calls=DIVISIONS, **facts)
    assert len(removed) == len(added) == 2


def test_of_two_scalings_the_division_is_taken_away():
    repair = repairs.convert_pixels(conversion("signed-of-unit", "signed"))
    removed, added = patched(NESTED, repair, seen="signed-of-unit", calls=DIVISIONS, **MOBILENET)
    assert len(removed) == len(added) == 2


def test_divisions_of_what_is_shown_or_predicted_later_are_left_alone():
    source = (
        NESTED.replace("\nbase =", "\nplt.imshow(x_train[0] / 255)\nbase =") + "q = x_val / 255\n"
    )
    later = divided(source, "q = x_val")
    later = dataclasses.replace(later, details={**later.details, "n_fits": 1})
    repair = repairs.convert_pixels(conversion("unit", "signed"))
    calls = (divided(source, "plt.imshow"), later)
    _, added = patched(source, repair, seen="unit", calls=calls, **MOBILENET)
    assert "input_tensor=keras.layers.Rescaling(2, offset=-1)(pictures)" in added[-1]
    assert not any("imshow" in line or "q =" in line for line in added)


def test_where_a_layer_divides_no_other_division_goes():
    layer = Call(
        what="rescaling", site=site(NESTED, "base ="), details={"scale": 1 / 255, "offset": 0.0}
    )
    repair = repairs.convert_pixels(conversion("unit", "signed"))
    calls = (*DIVISIONS, layer)
    removed, added = patched(NESTED, repair, seen="unit", calls=calls, **MOBILENET)
    assert "Rescaling(2, offset=-1)" in added[-1]
    assert not any('d["x"]' in line for line in removed)


def test_scaling_elsewhere_is_undone_in_front_of_the_network():
    repair = repairs.convert_pixels(conversion("unit", "signed"))
    _, added = patched(NESTED, repair, seen="unit", **MOBILENET)  # nothing in the ledger
    assert "input_tensor=keras.layers.Rescaling(2, offset=-1)(pictures)" in added[-1]


def test_reversed_channels_are_turned_back():
    repair = repairs.convert_pixels(conversion("torch", "torch"))
    repair = type(repair)(kind=repair.kind, parameters={**repair.parameters, "order": [2, 1, 0]})
    facts = MOBILENET | {"wanted": "torch", "seen": "torch"}
    _, added = patched(NESTED, repair, rule="GEO003", **facts)
    assert "[..., ::-1]" in added[-1]


def test_preprocess_input_that_writes_over_its_input_gets_a_copy():
    source = NESTED.replace(
        "\nbase =",
        "look = keras.applications.mobilenet_v2.preprocess_input(x_train)\n\nbase =",
    )
    call = Call(
        what="preprocess_input", site=site(source, "look ="), details={"in_place": True}
    )  # fmt: skip
    repair = repairs.convert_pixels(conversion("signed-of-signed", "signed"))
    _, added = patched(source, repair, seen="signed-of-signed", calls=(call,), **MOBILENET)
    assert added == ["look = keras.applications.mobilenet_v2.preprocess_input(x_train.copy())"]


def test_a_scaling_after_preprocess_input_is_undone_and_nothing_copied():
    call = Call(
        what="preprocess_input", site=site(NESTED, "x_train, y_train"), details={"in_place": True}
    )
    repair = repairs.convert_pixels(conversion("unit-of-signed", "signed"))
    facts = MOBILENET | {"seen": "unit-of-signed", "calls": (call,)}
    _, added = patched(NESTED, repair, **facts)
    assert "copy()" not in "".join(added)
    assert "Rescaling(" in added[-1]


def test_validation_is_scaled_like_training():
    repair = repairs.convert_pixels(conversion("byte", "unit"), part="validation", boundary="model")
    removed, added = patched(NESTED, repair, **MOBILENET)
    assert (removed, added) == ([], ["x_val = x_val / 255"])


def test_a_fresh_network_rescales_first():
    repair = repairs.convert_pixels(conversion("byte", "unit"), boundary="model")
    removed, added = patched(FRESH, repair, backbone=None)
    assert removed == []
    assert added == ["import keras", "keras.layers.Rescaling(1 / 255),"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("x = x + 60", 'x = x.astype("float32") + 60', id="name-first"),
        pytest.param("x = gain * x", 'x = np.asarray(gain, "float32") * x', id="two-names"),
        pytest.param("x = x // 255", "x = x / 255", id="whole-division"),
        pytest.param("x //= 255", 'x = x.astype("float32") / 255', id="whole-division-in-place"),
        pytest.param("x = 255 - x", 'x = 255 - x.astype("float32")', id="number-first"),
        pytest.param("x += 60", 'x = x.astype("float32") + 60', id="in-place"),
        pytest.param(
            "x = (x - np.uint8(9)) / 2", 'x = (x.astype("float32") - np.uint8(9)) / 2', id="nested"
        ),
        pytest.param(
            "x = x[: n // 2] * 2", 'x = x[: n // 2].astype("float32") * 2', id="index-left-alone"
        ),
    ],
)
def test_byte_arithmetic_is_done_in_float(before, after):
    source = f"import numpy as np\nx = np.load('x.npy')\n{before}\n"
    source += "model.compile('adam')\nmodel.fit(x, x)\n"
    repair = repairs.float_arithmetic(Site(file=SCRIPT, line=3))
    assert patched(source, repair, backbone=None) == ([before], [after])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('x = (x / 255).astype("uint8")', 'x = (x / 255).astype("float32")'),
        ("x = np.uint8(x + noise)", "x = np.float32(x + noise)"),
        ("x = np.array(list(x), np.uint8)", 'x = np.array(list(x), "float32")'),
        (
            "out = np.zeros((9, 32, 32, 3), dtype=np.uint8)",
            'out = np.zeros((9, 32, 32, 3), dtype="float32")',
        ),
        (
            'x, v = x.astype("uint8"), v.astype("uint8")',
            'x, v = x.astype("float32"), v.astype("float32")',
        ),
        (
            'x = x.astype("float32") * 255; v = np.uint8(v.astype("uint8"))',
            'x = x.astype("float32") * 255; v = np.float32(v.astype("float32"))',
        ),
        ("out = np.zeros_like(x)", 'out = np.zeros_like(x, dtype="float32")'),
        ("out = np.full(x.shape, 255, int)", 'out = np.full(x.shape, 255, "float32")'),
    ],
)
def test_a_cast_to_bytes_becomes_one_to_floats(before, after):
    source = f"import numpy as np\nx = np.load('x.npy')\n{before}\n"
    source += "model.compile('adam')\nmodel.fit(x, x)\n"
    repair = repairs.float_arithmetic(Site(file=SCRIPT, line=3), is_cast=True)
    assert patched(source, repair, backbone=None) == ([before], [after])


@pytest.mark.parametrize("step", ["shuffle(1000)", "map(mixup, num_parallel_calls=2)"])
def test_a_step_of_a_data_set_is_taken_out_of_its_chain(step):
    source = (
        "import tensorflow as tf\n"
        f"data = tf.data.Dataset.from_tensor_slices((x, y)).{step}.batch(32)\n"
        "model.compile('adam')\nmodel.fit(data)\n"
    )
    repair = repairs.drop_call(Site(file=SCRIPT, line=2), f"tf.data.{step.partition('(')[0]}")
    assert patched(source, repair, backbone=None) == (
        [source.splitlines()[1]],
        ["data = tf.data.Dataset.from_tensor_slices((x, y)).batch(32)"],
    )


BY_NUMBER = r'key=lambda name: [int(n) for n in re.findall(r"\d+", str(name))]'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("files = sorted(paths)", f"files = sorted(paths, {BY_NUMBER})", id="sorted"),
        pytest.param("paths.sort()", f"paths.sort({BY_NUMBER})", id="in-place"),
        pytest.param(
            "files = os.listdir(d)", f"files = sorted(os.listdir(d), {BY_NUMBER})", id="unsorted"
        ),
        pytest.param(
            "files = sorted(glob('*'))", f"files = sorted(glob('*'), {BY_NUMBER})", id="pattern"
        ),
    ],
)
def test_files_are_put_in_the_order_of_their_numbers(before, after):
    source = f"import re\n{before}\nmodel.compile('adam')\nmodel.fit(x, x)\n"
    repair = repairs.order_by_number(Site(file=SCRIPT, line=2))
    assert patched(source, repair, backbone=None) == ([before], [after])


def test_an_array_that_each_pass_would_scale_is_copied():
    source = "batch = preprocess_input(part)\nmodel.compile('adam')\nmodel.fit(x, x)\n"
    repair = repairs.copy_before_preprocessing(Site(file=SCRIPT, line=1))
    after = "batch = preprocess_input(part.copy())"
    assert patched(source, repair, backbone=None) == (["batch = preprocess_input(part)"], [after])


def test_axes_of_both_parts_on_one_line_are_moved():
    line = "x, v = x.reshape(9, 28, 28, 3), v.reshape(4, 28, 28, 3)"
    source = f"import numpy as np\n{line}\nmodel.compile('adam')\nmodel.fit(x, x)\n"
    where = site(source, "reshape")
    call = Call(
        what="ndarray.reshape", site=where,
        details={"in_shape": (9, 3, 28, 28), "out_shape": (9, 28, 28, 3)},
    )  # fmt: skip
    repair = repairs.true_transpose(where, [0, 2, 3, 1])
    _, added = patched(source, repair, backbone=None, calls=(call,))
    assert added == ["x, v = x.transpose(0, 2, 3, 1), v.transpose(0, 2, 3, 1)"]


@pytest.mark.parametrize(
    ("line", "shape", "after"),
    [
        pytest.param(
            "x = x.reshape(9, 28, 28, 3)", (9, 28, 28, 3), "x = x.transpose(0, 2, 3, 1)", id="only"
        ),
        pytest.param(
            "x = x.reshape(-1, 28, 84)",
            (9, 28, 84),
            "x = x.transpose(0, 2, 3, 1).reshape(-1, 28, 84)",
            id="first",
        ),
        pytest.param(
            "x = np.reshape(x, (9, 28, 28, 3))",
            (9, 28, 28, 3),
            "x = np.transpose(x, (0, 2, 3, 1))",
            id="as-a-function",
        ),
    ],
)
def test_axes_are_moved_before_a_reshape(line, shape, after):
    source = f"import numpy as np\n{line}\nmodel.compile('adam')\nmodel.fit(x, x)\n"
    where = Site(file=SCRIPT, line=2)
    call = Call(
        what="ndarray.reshape",
        site=where,
        details={"in_shape": [9, 3, 28, 28], "out_shape": list(shape)},
    )
    repair = repairs.true_transpose(where, [0, 2, 3, 1])
    assert patched(source, repair, backbone=None, calls=(call,)) == ([line], [after])


@pytest.mark.parametrize(
    ("source", "removed", "added"),
    [
        pytest.param(ARTICLE, 2, ["base_model.trainable = False"], id="in-place-of-a-loop"),
        pytest.param(
            ARTICLE.replace(
                "for layer in base_model.layers[:10]: #Freeze initial layers\n"
                "    layer.trainable = False\n",
                "",
            ),
            0,
            ["base_model.trainable = False"],
            id="before-compile",
        ),
        pytest.param(
            "import keras\n"
            "model = keras.Sequential([\n"
            "    keras.applications.VGG16(include_top=False),\n"
            "    keras.layers.Dense(2),\n])\n"
            "model.compile('adam')\nmodel.fit(x, y)\n",
            1,
            [
                "base_model = keras.applications.VGG16(include_top=False)",
                "base_model,",
                "base_model.trainable = False",
            ],
            id="network-without-a-name",
        ),
    ],
)
def test_the_backbone_is_frozen(source, removed, added):
    taken, put = patched(source, repairs.freeze_backbone())
    assert (len(taken), put) == (removed, added)


def test_unfreezing_is_turned_round():
    _, added = patched(NESTED, repairs.freeze_backbone(), **MOBILENET)
    assert added == ["base.trainable = False"]


def test_a_misspelt_trainable_is_spelt():
    source = ARTICLE.replace("layer.trainable", "layer.trainble")
    where = (site(source, "layer.trainble"),)
    assert patched(source, repairs.freeze_backbone(), where=where) == (
        ["layer.trainble = False"],
        ["layer.trainable = False"],
    )


def test_batchnorm_layers_are_frozen_themselves():
    removed, added = patched(NESTED, repairs.freeze_batchnorm(), **MOBILENET)
    assert removed == []
    assert added == [
        "for layer in base.layers:",
        "if isinstance(layer, keras.layers.BatchNormalization):",
        "layer.trainable = False",
    ]


def test_the_backbone_is_called_in_inference_mode():
    _, added = patched(NESTED, repairs.call_backbone_in_inference(), **MOBILENET)
    assert added == ["x = base(inputs, training=False)"]


def test_the_head_is_thawed():
    source = NESTED.replace("base.trainable = True\n", "").replace(
        "model.compile", "model.trainable = False\nmodel.compile"
    )
    assert patched(source, repairs.make_head_trainable(), **MOBILENET) == (
        ["model.trainable = False"],
        ["base.trainable = False"],
    )


def test_an_edit_that_stumbles_is_no_patch(monkeypatch):
    def stumble(*_):
        raise IndexError("list index out of range")

    monkeypatch.setitem(EDITS, "recompile", stumble)
    given = (("FRZ001", repairs.recompile(), ()),)
    assert patch(NESTED, given, context(NESTED, **MOBILENET)) is None


def test_the_top_is_thawed_for_a_second_training():
    _, added = patched(NESTED, repairs.thaw_top(), **MOBILENET)
    assert added == [
        "model.trainable = True",
        "for number, layer in enumerate(base.layers):",
        "is_norm = isinstance(layer, keras.layers.BatchNormalization)",
        "layer.trainable = number >= 2 * len(base.layers) // 3 and not is_norm",
    ]


def test_compile_is_repeated_before_the_second_training():
    source = NESTED + "base.trainable = True\nmodel.fit(x_train, y_train, epochs=9)\n"
    removed, added = patched(source, repairs.recompile(), fit="epochs=9", **MOBILENET)
    assert removed == []
    assert added == [
        'model.compile(keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy", '
        'metrics=["accuracy"])'
    ]


def test_batchnorm_momentum_is_set_where_the_layers_are_built():
    source = FRESH.replace("    Flatten(),", "    BatchNormalization(),\n    Flatten(),")
    _, added = patched(source, repairs.batchnorm_momentum(0.9), backbone=None)
    assert added == ["BatchNormalization(momentum=0.9),"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param('"adam"', "keras.optimizers.Adam(learning_rate=1e-05)", id="by-name"),
        pytest.param(
            "optimizer=tf.keras.optimizers.SGD(0.5, momentum=0.9)",
            "optimizer=tf.keras.optimizers.SGD(1e-05, momentum=0.9)",
            id="by-position",
        ),
        pytest.param(
            "Nadam(learning_rate=schedule)", "Nadam(learning_rate=1e-05)", id="a-schedule"
        ),
        pytest.param("RMSprop()", "RMSprop(learning_rate=1e-05)", id="the-usual-rate"),
    ],
)
def test_the_learning_rate_is_set(before, after):
    source = f'from tensorflow import keras\nmodel.compile({before}, loss="mse")\nmodel.fit(x, y)\n'
    _, added = patched(source, repairs.set_learning_rate(1e-5), backbone=None)
    assert added == [f'model.compile({after}, loss="mse")']


def test_the_learning_rate_of_an_optimiser_with_a_name_is_set_where_it_is_made():
    source = (
        "import keras\nbest = keras.optimizers.Adam(lr)\nmodel.compile(best)\nmodel.fit(x, y)\n"
    )
    _, added = patched(source, repairs.set_learning_rate(1e-3), backbone=None)
    assert added == ["best = keras.optimizers.Adam(0.001)"]


@pytest.mark.parametrize(
    ("dense", "facts", "wanted", "added"),
    [
        pytest.param(
            'Dense(1, activation="softmax")',
            {"units": 1},
            {"units": 10, "activation": "softmax", "loss": "sparse_categorical_crossentropy"},
            ['layers.Dense(10, activation="softmax"),'],
            id="too-few-units",
        ),
        pytest.param(
            'Dense(1, "softmax")',
            {"units": 1, "loss": "binary_crossentropy"},
            {"units": 1, "activation": "sigmoid", "loss": "binary_crossentropy"},
            ['layers.Dense(1, "sigmoid"),'],
            id="softmax-on-one-unit",
        ),
        pytest.param(
            "Dense(10)",
            {"activation": "linear"},
            {
                "units": 10, "activation": "linear", "from_logits": True,
                "loss": "sparse_categorical_crossentropy",
            },
            [
                "model.compile('adam', "
                "keras.losses.SparseCategoricalCrossentropy(from_logits=True))"
            ],
            id="logits-as-probabilities",
        ),
        pytest.param(
            "Dense(units=10, activation='relu',)",
            {"activation": "relu", "loss": "mean_squared_error"},
            {"units": 10, "activation": "softmax", "loss": "categorical_crossentropy"},
            [
                'layers.Dense(units=10, activation="softmax",),',
                "model.compile('adam', \"categorical_crossentropy\")",
            ],
            id="regression",
        ),
        pytest.param(
            "Dense(10, 'softmax'), layers.Softmax()",
            {"inner_activation": "softmax"},
            {"units": 10, "activation": "softmax", "loss": "sparse_categorical_crossentropy"},
            ['layers.Dense(10, "linear"), layers.Softmax(),'],
            id="softmax-twice",
        ),
    ],
)  # fmt: skip
def test_the_output_fits_the_labels(dense, facts, wanted, added):
    source = (
        "import keras\nfrom keras import layers\n"
        f"model = keras.Sequential([\n    layers.Flatten(),\n    layers.{dense},\n])\n"
        "model.compile('adam', 'sparse_categorical_crossentropy')\nmodel.fit(x, y)\n"
    )
    _, put = patched(source, repairs.set_output(**wanted), backbone=None, **facts)
    assert put == added


def test_dropout_behind_the_output_is_taken_away():
    wanted = {"units": 10, "activation": "softmax", "loss": "sparse_categorical_crossentropy"}
    removed, added = patched(
        FRESH, repairs.set_output(**wanted), backbone=None, dense="Dense(10)",
        activation="linear", dropout_on_output=True,
    )  # fmt: skip
    assert "Dropout(0.5)," in removed
    assert added[0].startswith('Dense(10, activation="softmax"),  # one a digit')


def test_rows_are_shuffled_before_the_validation_split():
    removed, added = patched(FRESH, repairs.resplit(), backbone=None)
    assert removed == []
    assert added == [
        "order = np.random.default_rng(0).permutation(len(images))",
        "images, labels = images[order], labels[order]",
    ]


def test_rows_are_shuffled_before_they_are_sliced():
    source = (
        "import numpy as np\nx, y = load()\n"
        "x_train, y_train = x[:800], y[:800]\nx_val, y_val = x[800:], y[800:]\n"
        "model.compile('adam')\nmodel.fit(x_train, y_train, validation_data=(x_val, y_val))\n"
    )
    text = patch(source, [("SPL003", repairs.resplit(), ())], context(source, backbone=None))
    assert text.splitlines()[2:4] == [
        "order = np.random.default_rng(0).permutation(len(x))",
        "x, y = x[order], y[order]",
    ]


def test_a_split_without_shuffling_is_stratified():
    source = (
        "import numpy as np\na, b, c, d = train_test_split(x, y, test_size=0.2, shuffle=False)\n"
        "model.compile('adam')\nmodel.fit(a, c, validation_data=(b, d))\n"
    )
    _, added = patched(source, repairs.resplit(), backbone=None)
    assert added == ["a, b, c, d = train_test_split(x, y, test_size=0.2, stratify=y)"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "data = Dataset.from_tensor_slices((x, y)).shuffle(32).batch(8)",
            "data = Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(8)",
            id="small-buffer",
        ),
        pytest.param(
            "data = Dataset.from_tensor_slices((x, y)).batch(8)",
            "data = Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(8)",
            id="no-buffer",
        ),
        pytest.param(
            "data = Dataset.from_tensor_slices((x, y)).batch(8).shuffle(32)",
            "data = Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(8).shuffle(32)",
            id="whole-batches",
        ),
        pytest.param(
            "data = image_dataset_from_directory('a', shuffle=False).shuffle(9)",
            "data = image_dataset_from_directory('a', shuffle=True).shuffle(9)",
            id="whole-batches-of-a-folder",
        ),
        pytest.param(
            "data = image_dataset_from_directory('a', shuffle=False)",
            "data = image_dataset_from_directory('a', shuffle=True)",
            id="folder",
        ),
    ],
)
def test_training_rows_are_shuffled(before, after):
    source = f"{before}\ndata = data.prefetch(1)\nmodel.compile('adam')\nmodel.fit(data)\n"
    _, added = patched(source, repairs.shuffle_training(), backbone=None)
    assert added == [after]


def test_fit_shuffles_again():
    source = "model.compile('adam')\nmodel.fit(x, y, shuffle=False)\n"
    _, added = patched(source, repairs.shuffle_training(), backbone=None)
    assert added == ["model.fit(x, y, shuffle=True)"]


def test_predictions_keep_the_order_of_the_labels():
    source = (
        "import keras\ntest = image_dataset_from_directory('test', batch_size=32)\n"
        "model.compile('adam')\nmodel.fit(train)\np = model.predict(test).argmax(1)\n"
        "print(accuracy_score(y, p))\n"
    )
    facts = context(source, backbone=None)
    order = Order(site=site(source, "print("), claimed=0.1, honest=0.9, n_predictions=9, n_labels=9)
    facts = dataclasses.replace(facts, evidence=dataclasses.replace(facts.evidence, order=order))
    _, added = changes(source, patch(source, [("ORD001", None, ())], facts))
    assert added == ["test = image_dataset_from_directory('test', batch_size=32, shuffle=False)"]


@pytest.mark.parametrize(
    ("labels", "metric", "after"),
    [
        pytest.param(
            "one-hot", "keras.metrics.BinaryAccuracy(name='accuracy')", '"categorical_accuracy"',
            id="binary",
        ),
        pytest.param(
            "index", "SparseTopKCategoricalAccuracy(k=3, name='accuracy')", '"accuracy"', id="top-k"
        ),
    ],
)  # fmt: skip
def test_the_metric_counts_classes(labels, metric, after):
    source = f"model.compile('adam', 'x', metrics=[{metric}])\nmodel.fit(x, y)\n"
    facts = context(source, backbone=None, label_kind=labels)
    _, added = changes(source, patch(source, [("MET001", None, ())], facts))
    assert added == [f"model.compile('adam', 'x', metrics=[{after}])"]


def test_the_mode_of_a_callback_is_set():
    source = (
        "stop = EarlyStopping(\n    monitor='val_accuracy',\n    mode='min',\n)\n"
        "model.compile('adam')\nmodel.fit(x, y, callbacks=[stop])\n"
    )
    where = site(source, "EarlyStopping(")
    repair = repairs.set_arguments(where, "EarlyStopping", {"mode": "max"})
    assert patched(source, repair, backbone=None) == (["mode='min',"], ['mode="max",'])


def test_a_shuffle_of_pictures_alone_is_left_out():
    source = (
        "import numpy as np\nnp.random.shuffle(x)  # mix\nmodel.compile('a')\nmodel.fit(x, y)\n"
    )
    repair = repairs.drop_call(site(source, "shuffle"), "numpy.random.shuffle")
    assert patched(source, repair, backbone=None) == (["np.random.shuffle(x)  # mix"], [])


def test_labels_are_counted_from_zero():
    repair = repairs.remap_labels({str(n): n - 1 for n in range(1, 11)}, part="all")
    _, added = patched(NESTED, repair, **MOBILENET)
    assert added == ["y_train = y_train - 1", "y_val = y_val - 1"]


def test_labels_that_are_scored_are_counted_from_zero_as_well():
    source = SCORED.format(given="x_test, y_test")
    known = context(source, backbone=None)
    scored = partly(Accuracy, claimed_by="evaluate", site=site(source, "model.evaluate"))
    known = dataclasses.replace(
        known, evidence=dataclasses.replace(known.evidence, accuracy=scored)
    )
    repair = repairs.remap_labels({str(n): n - 1 for n in range(1, 11)}, part="all")
    _, added = changes(source, patch(source, [("LAB004", repair, ())], known))
    assert added == ["y = y - 1", "y_val = y_val - 1", "y_test = y_test - 1"]


@pytest.mark.parametrize(
    ("mapping", "counts", "facts", "added"),
    [
        pytest.param({"0": 1, "1": 0}, "0123", {}, "np.array([1, 0, 2, 3])[y_val]", id="swap"),
        pytest.param({"2": 3}, "012", {}, "np.array([0, 1, 3])[y_val]", id="others-stay"),
        pytest.param({"1": 0, "2": 1}, "12", {}, "y_val - 1", id="all"),
        pytest.param({"0": 1, "1": 0}, "01", {"label_kind": "one-hot"}, None, id="one-hot"),
    ],
)
def test_classes_that_keep_their_numbers_keep_them(mapping, counts, facts, added):
    source = (
        "import numpy as np\nmodel.compile('a')\nmodel.fit(x, y, validation_data=(x_val, y_val))\n"
    )
    known = context(source, backbone=None, **facts)
    found = partly(Labels, train_counts={}, validation_counts=dict.fromkeys(counts, 9))
    known = dataclasses.replace(known, evidence=dataclasses.replace(known.evidence, labels=found))
    repair = repairs.remap_labels(mapping, part="validation")
    text = patch(source, [("LAB002", repair, ())], known)
    if added is None:
        assert text is None
    else:
        assert changes(source, text) == ([], [f"y_val = {added}"])


def test_augmentation_is_left_out_of_validation():
    source = (
        "train = read('train').map(augment)\nval = read('val').map(augment).batch(8)\n"
        "model.compile('adam')\nmodel.fit(train, validation_data=val)\n"
    )
    repair = repairs.drop_augmentation(part="validation")
    step = Call(what="tf.data.map", site=site(source, "val = "), details={"is_pairs": True})
    _, added = patched(source, repair, backbone=None, calls=(step,))
    assert added == ["val = read('val').batch(8)"]
    makes = dataclasses.replace(step, details={"is_pairs": False})  # of paths, pictures
    known = context(source, backbone=None, calls=(makes,))
    assert patch(source, [("AUG003", repair, ())], known) is None


def test_a_generator_that_augments_is_not_used_for_validation():
    source = (
        "g = ImageDataGenerator(rescale=1 / 255, rotation_range=90)\n"
        "train = g.flow(x, y)\nval = g.flow(x_val, y_val)\n"
        "model.compile('adam')\nmodel.fit(train, validation_data=val)\n"
    )
    _, added = patched(source, repairs.drop_augmentation(part="validation"), backbone=None)
    assert added == ["val = ImageDataGenerator(rescale=1 / 255).flow(x_val, y_val)"]


def test_a_layer_that_changes_the_class_is_left_out():
    source = (
        "from keras import Sequential, layers\n"
        "model = Sequential([\n    layers.RandomFlip(),\n    layers.Dense(2),\n])\n"
        "model.compile('adam')\nmodel.fit(x, y)\n"
    )
    facts = context(source, backbone=None)
    changes_ = (
        Call(what="augmentation", site=site(source, "RandomFlip"), details={"layer": "RandomFlip"}),
    )
    names = dict.fromkeys(f.name for f in dataclasses.fields(Augmentation))
    augmentation = Augmentation(**(names | {"sites": changes_}))
    evidence = dataclasses.replace(facts.evidence, augmentation=augmentation)
    facts = dataclasses.replace(facts, evidence=evidence)
    repair = repairs.drop_augmentation(part="train")
    removed, added = changes(source, patch(source, [("AUG001", repair, ())], facts))
    assert (removed, added) == (["layers.RandomFlip(),"], [])


def test_pretrained_weights_are_loaded_and_kept():
    source = (
        "import keras\nbase = keras.applications.VGG16(weights=None, include_top=False)\n"
        "base.load_weights('mine.h5', skip_mismatch=True)\n"
        "model.compile('adam')\nmodel.fit(x, y)\n"
    )
    load = Call(
        what="load_weights", site=site(source, "load_weights"), details={"matched": 0, "total": 26}
    )
    removed, added = patched(source, repairs.load_imagenet_weights(), calls=(load,))
    assert len(removed) == 2
    assert added == ['base = keras.applications.VGG16(weights="imagenet", include_top=False)']


def test_weights_are_loaded_in_the_order_of_the_layers():
    source = (
        "trunk = build()\ntrunk.load_weights(WEIGHTS, by_name=True, skip_mismatch=True)\n"
        "model.compile('adam')\nmodel.fit(x, y)\n"
    )
    repair = repairs.load_in_order(Site(file=SCRIPT, line=2))
    _, added = patched(source, repair, rule="WGT002", backbone=None)
    assert added == ["trunk.load_weights(WEIGHTS)"]


def test_weights_of_a_network_that_is_looked_up_by_name():
    source = """\
import keras

spec = {"arch": "VGG16", "pretrained": None}
base = getattr(keras.applications, spec["arch"])(include_top=False, weights=spec["pretrained"])
model = keras.Sequential([base, keras.layers.Dense(10)])
model.compile("adam", "mse")
model.fit(x, y)
"""
    mends = [("RUL001", repairs.load_imagenet_weights(), ())]
    text = patch(source, mends, context(source, builder="getattr("))
    assert 'spec["arch"])(include_top=False, weights="imagenet")' in text


@pytest.mark.parametrize(
    ("repair", "facts"),
    [
        pytest.param(repairs.drop_rows([1, 2]), {}, id="no-such-edit"),
        pytest.param(
            repairs.true_resize(Site(file="/home/someone/helper.py", line=3)), {}, id="other-file"
        ),
        pytest.param(repairs.freeze_backbone(), {"backbone": None}, id="nothing-to-freeze"),
        pytest.param(
            repairs.set_arguments(Site(file=SCRIPT, line=1), "fit", {"steps_per_epoch": 4}),
            {},
            id="no-such-call-there",
        ),
    ],
)
def test_what_is_not_known_is_not_guessed(repair, facts):
    assert patch(ARTICLE, [("RUL001", repair, ())], context(ARTICLE, **facts)) is None


BUILT = """\
import keras
import numpy as np
x, y = np.load("x.npy"), np.load("y.npy")

def build():
    base = keras.applications.VGG16(include_top=False)
    net = keras.Sequential([base, keras.layers.Dense(10)])
    net.compile(keras.optimizers.Adam(), "mse")
    return net

model = build()
model.trainable = True
model.fit(x, y)
"""


def test_a_model_that_a_function_compiles_is_compiled_again_under_its_name_here():
    _, added = patched(BUILT, repairs.recompile(), rule="FRZ001")
    assert added == ['model.compile(keras.optimizers.Adam(), "mse")']


@pytest.mark.parametrize(
    "repair", [repairs.make_head_trainable(), repairs.thaw_top()], ids=["head", "top"]
)
def test_no_name_is_used_where_it_is_not_known(repair):
    source = BUILT.replace("model.trainable = True\n", "")
    assert patch(source, [("FRZ002", repair, ())], context(source)) is None


def test_nothing_is_patched_in_that_is_defined_nowhere():
    assert undefined("def f(a):\n    return a + b\nprint(f, d)\n") == {"b", "d"}
    local = BUILT.replace("keras.optimizers.Adam()", "rate")
    local = local.replace("    net = ", "    rate = keras.optimizers.Adam()\n    net = ")
    local = local.replace("rate, ", "make(rate), ")
    assert patch(local, [("FRZ001", repairs.recompile(), ())], context(local)) is None


@pytest.mark.parametrize(
    ("callbacks", "after"),
    [
        ("[slow, EarlyStopping()]", "[EarlyStopping()]"),
        ("[EarlyStopping(), LearningRateScheduler(lambda e: 1)]", "[EarlyStopping()]"),
        ("watching()", None),
    ],
)
def test_a_callback_that_sets_the_rate_goes(callbacks, after):
    source = (
        "import keras\nfrom keras.callbacks import EarlyStopping, LearningRateScheduler\n"
        "slow = LearningRateScheduler(lambda epoch: 0.5)\n"
        "model.compile(keras.optimizers.Adam(0.1), 'mse')\n"
        f"model.fit(x, y, callbacks={callbacks})\n"
    )
    known = context(source, backbone=None)
    trained = dataclasses.replace(
        known.evidence.training, callbacks=({"class": "LearningRateScheduler"},)
    )
    known = dataclasses.replace(
        known, evidence=dataclasses.replace(known.evidence, training=trained)
    )
    text = patch(source, [("OPT002", repairs.set_learning_rate(1e-3), ())], known)
    if after is None:
        assert text is None
    else:
        _, added = changes(source, text)
        assert added == [
            "model.compile(keras.optimizers.Adam(0.001), 'mse')",
            f"model.fit(x, y, callbacks={after})",
        ]


def test_a_rate_that_is_assigned_later_is_set_there_too():
    source = (
        "import keras\nmodel.compile(keras.optimizers.Adam(1e-2), 'mse')\n"
        "model.optimizer.learning_rate = 0.5\nmodel.fit(x, y)\n"
    )
    _, added = patched(source, repairs.set_learning_rate(1e-3), backbone=None)
    assert added[-1] == "model.optimizer.learning_rate = 0.001"


TEN = repairs.set_output(
    units=10, activation="softmax", loss="sparse_categorical_crossentropy", from_logits=False
)


def test_metrics_of_another_output_go_with_it():
    source = (
        "import keras\nmodel = keras.Sequential([keras.layers.Dense(1, 'sigmoid')])\n"
        "model.compile('adam', 'binary_crossentropy', metrics=['acc', keras.metrics.AUC()])\n"
        "model.fit(x, y)\n"
    )
    facts = {"units": 1, "activation": "sigmoid", "loss": "binary_crossentropy"}
    _, added = patched(source, TEN, backbone=None, **facts)
    assert 'metrics=["accuracy"]' in added[-1]


def test_a_function_that_builds_all_layers_is_left_alone():
    source = (
        "import keras\ndef dense(x, n, act):\n"
        "    return keras.layers.Dense(n, activation=act)(x)\n"
        "model.compile('adam', 'mse')\nmodel.fit(x, y)\n"
    )
    known = context(source, backbone=None, units=1, activation="sigmoid", loss="mse")
    assert patch(source, [("OUT001", TEN, ())], known) is None


def test_two_steps_on_a_line_are_not_told_apart():
    source = (
        "train = read().map(load).shuffle(9).map(mixup)\nmodel.compile('adam')\nmodel.fit(train)\n"
    )
    repair = repairs.drop_call(site(source, "mixup"), "tf.data.map")
    assert patch(source, [("AUG004", repair, ())], context(source, backbone=None)) is None


def test_known_edits_are_made_without_the_unknown_ones():
    text, rules = patch_what_is_known(
        ARTICLE,
        [
            ("DAT002", repairs.drop_rows([1]), ()),
            ("FRZ004", repairs.freeze_backbone(), ()),
            ("OPT001", repairs.set_learning_rate(1e-5), ()),
        ],
        context(ARTICLE),
    )
    assert rules == ("FRZ004", "OPT001")
    _, added = changes(ARTICLE, text)
    assert "base_model.trainable = False" in added
    assert patch_what_is_known(ARTICLE, [("X", repairs.drop_rows([1]), ())], context(ARTICLE)) == (
        None,
        (),
    )


def test_columns_are_counted_in_bytes():
    source = 'model.compile("adam")  # é\nnom = "é"; model.fit(x, y, shuffle=False, name="é")\n'
    _, added = patched(source, repairs.shuffle_training(), backbone=None)
    assert added == ['nom = "é"; model.fit(x, y, shuffle=True, name="é")']


def test_the_diff_applies(tmp_path):
    after = patch(ARTICLE, RESIZE, context(ARTICLE, calls=WHOLE, input_size=48))
    (tmp_path / "train.py").write_text(ARTICLE)
    diff = as_diff(ARTICLE, after, script=SCRIPT)
    subprocess.run(["git", "apply", "-p1", "-"], input=diff, text=True, check=True, cwd=tmp_path)
    assert (tmp_path / "train.py").read_text() == after


def applied(tmp_path, before, after, *, name="train.py", newline="\n"):
    """What `git apply` and `patch` make of a file by the diff of its text."""
    diff = as_diff(before, after, script=name, newline=newline)
    told = []
    for number, command in enumerate((["git", "apply", "-p1", "-"], ["patch", "-p1", "--binary"])):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / name).write_bytes(before.replace("\n", newline).encode())
        if shutil.which(command[0]):
            subprocess.run(command, input=diff.encode(), check=True, cwd=folder)
            told.append((folder / name).read_bytes().decode())
    return told


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["train.py", "my train.py"])
def test_the_diff_of_any_script_applies(tmp_path, name, newline):
    before = "x = 1\nsep = 'a\u2028b'\ny = 2\nz = 3"
    after = before.replace("y = 2", "y = 4")
    told = applied(tmp_path, before, after, name=name, newline=newline)
    assert set(told) == {after.replace("\n", newline)}


def test_the_diff_of_a_notebook_is_of_a_script():
    assert as_diff("x = 1\n", "x = 2\n", script="a/train.ipynb").startswith("--- a/train.py\n")


ONE_LINE = """\
import numpy as np
import keras
from keras.layers import Activation, Conv2D, Dense, Flatten
from sklearn.utils import shuffle
x, y = np.load("x.npy"), np.load("y.npy")
{line}
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y)
"""


def on_one_line(line, repair, **output):
    return patched(ONE_LINE.format(line=line), repair, backbone=None, dense=line.partition("\n")[0],
                   **output)  # fmt: skip


@pytest.mark.parametrize(
    ("line", "what", "given", "after"),
    [
        ('m = Dense(64, "softmax")(x)', "Dense", {"units": 64}, 'm = Dense(64, "relu")(x)'),
        (
            'm = [Dense(64, activation="softmax"), Dense(10, activation="softmax")]',
            "Dense",
            {"units": 64},
            'm = [Dense(64, activation="relu"), Dense(10, activation="softmax")]',
        ),
        ('m = Activation("softmax")(x)', "Activation", {}, 'm = Activation("relu")(x)'),
        (
            'm = Conv2D(8, 3, activation="softmax")(x)',
            "Conv2D",
            {"filters": 8},
            'm = Conv2D(8, 3, activation="relu")(x)',
        ),
    ],
)
def test_softmax_in_the_middle_becomes_relu(line, what, given, after):
    here = Site(file=SCRIPT, line=6)
    repair = repairs.set_arguments(here, what, {"activation": "relu"}, given=given)
    assert on_one_line(line, repair) == ([line], [after])


def test_a_call_that_builds_the_output_too_is_left_alone():
    line = 'm = [Dense(n, activation="softmax") for n in (64, 10)]'
    source = ONE_LINE.format(line=line)
    here = Site(file=SCRIPT, line=6)
    repair = repairs.set_arguments(here, "Dense", {"activation": "relu"}, given={"units": 64})
    assert patch(source, [("OUT011", repair, ())], context(source, backbone=None)) is None


def test_an_argument_that_may_stand_at_another_place_is_not_given_twice():
    here = Site(file=SCRIPT, line=6)
    repair = repairs.set_arguments(here, "Conv2D", {"activation": "relu"})
    source = ONE_LINE.format(line='m = Conv2D(8, 3, (1, 1), "same", None, 1, 1, "softmax")(x)')
    assert patch(source, [("OUT011", repair, ())], context(source, backbone=None)) is None


def test_of_layers_on_one_line_the_last_is_the_output():
    line = (
        'model = keras.Sequential([Dense(64, activation="relu"), Dense(1, activation="softmax")])'
    )
    right = repairs.set_output(
        units=10, activation="softmax", loss="sparse_categorical_crossentropy"
    )
    after = line.replace("Dense(1,", "Dense(10,")
    assert on_one_line(line, right, units=1) == ([line], [after])


def test_two_shuffles_on_one_line_are_both_left_out():
    line = "x, y = shuffle(x, random_state=1), shuffle(y, random_state=2)"
    repair = repairs.drop_call(Site(file=SCRIPT, line=6), "sklearn.utils.shuffle")
    assert on_one_line(line, repair) == ([line], ["x, y = x, y"])


def test_a_cast_over_several_lines_becomes_one_to_floats():
    line = 'x = np.array(\n    [p / 255 for p in x],\n    dtype="uint8",\n)'
    repair = repairs.float_arithmetic(Site(file=SCRIPT, line=6), is_cast=True)
    assert on_one_line(line, repair) == (['dtype="uint8",'], ['dtype="float32",'])


SCORED = """\
import numpy as np
import keras
x, y = np.load("x.npy") / 255, np.load("y.npy")
x_val, y_val = np.load("v.npy") / 255, np.load("w.npy")
x_test, y_test = np.load("t.npy"), np.load("u.npy")
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, validation_data=(x_val, y_val))
model.evaluate({given})
"""
SCALED = repairs.convert_pixels(conversion("byte", "unit"), part="validation", boundary="model")
FROM_ONE = repairs.remap_labels({str(n + 1): n for n in range(10)}, part="validation")


@pytest.mark.parametrize(
    ("given", "by", "repair", "added"),
    [
        ("x_test, y_test", "evaluate", SCALED, ["x_test = x_test / 255"]),
        ("x_test, y_test", "evaluate", FROM_ONE, ["y_test = y_test - 1"]),
        ("x_test, y_test", "fit", SCALED, ["x_val = x_val / 255"]),
        ("x_val, y_val", "evaluate", SCALED, ["x_val = x_val / 255"]),
        ("x_test, y_test", "predict", SCALED, None),
    ],
)
def test_what_is_scored_is_changed_and_not_what_fit_validates_on(given, by, repair, added):
    source = SCORED.format(given=given)
    known = context(source, backbone=None)
    scored = partly(Accuracy, claimed_by=by, site=site(source, "model.evaluate"))
    known = dataclasses.replace(
        known, evidence=dataclasses.replace(known.evidence, accuracy=scored)
    )
    text = patch(source, [("SKW001", repair, ())], known)
    if added is None:
        assert text is None
        return
    assert changes(source, text) == ([], added)
    lines = text.splitlines()
    before = "model.fit" if "val" in added[0] else "model.evaluate"
    assert lines[lines.index(added[0]) + 1].startswith(before)


@pytest.mark.parametrize(
    ("arguments", "after"),
    [("'a', seed=1", "'a', seed=1, shuffle=False"), ("'a', seed=1, validation_split=0.2", None)],
)
def test_a_folder_is_read_in_its_order_where_no_split_depends_on_it(arguments, after):
    line = f"x = keras.utils.image_dataset_from_directory({arguments})"
    source = ONE_LINE.format(line=line)
    repair = repairs.keep_order(Site(file=SCRIPT, line=6))
    text = patch(source, [("ORD004", repair, ())], context(source, backbone=None))
    assert (text is None) == (after is None)
    if after is not None:
        assert changes(source, text) == ([line], [line.replace(arguments, after)])
