"""Scripts that are written in unusual ways and are right: a replay must see them to their end."""

import textwrap

import pytest

from regraft.diagnose.replays import Replayer, Script

DATA = """
import keras
import numpy as np

x = np.random.default_rng(0).random((160, 8, 8, 1)).astype("float32")
y = (x.mean(axis=(1, 2, 3)) > 0.5).astype(int)


class Two(keras.Model):
    def __init__(self):
        super().__init__()
        self.flat, self.one = keras.layers.Flatten(), keras.layers.Dense(2)

"""

SCRIPTS = {
    "two outputs": """
        inputs = keras.Input((8, 8, 1))
        h = keras.layers.Flatten()(inputs)
        digit = keras.layers.Dense(2, activation="softmax", name="digit")(h)
        box = keras.layers.Dense(4, name="box")(h)
        model = keras.Model(inputs, [digit, box])
        model.compile("adam", ["sparse_categorical_crossentropy", "mse"])
        boxes = np.zeros((160, 4), "float32")
        model.fit(x, [y, boxes], verbose=0)
        assert len(model.evaluate(x, [y, boxes], verbose=0)) == 3
        a, b = model.predict(x, verbose=0)
        assert a.shape == (160, 2) and b.shape == (160, 4)
        names = keras.Model(inputs, {"digit": digit, "box": box})
        names.compile("adam", {"digit": "sparse_categorical_crossentropy", "box": "mse"})
        names.fit(x, {"digit": y, "box": boxes}, verbose=0)
        names.evaluate(x, {"digit": y, "box": boxes}, verbose=0)
        assert set(names.predict(x, verbose=0)) == {"digit", "box"}
    """,
    "a model of its own with two answers": """
        class Named(Two):
            def call(self, pictures):
                scores = self.one(self.flat(pictures))
                return {"scores": scores, "sure": keras.ops.max(scores, axis=-1)}

        answers = Named().predict(x, verbose=0)
        assert answers["scores"].shape == (160, 2)
        head = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="softmax")])
        head.compile("adam", "sparse_categorical_crossentropy")
        head.fit(answers["scores"], y, verbose=0)
    """,
    "two inputs of one shape": """
        left, right = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
        joined = keras.layers.Concatenate()([left, right])
        scores = keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(joined))
        model = keras.Model([left, right], scores)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit([x, x[::-1]], y, verbose=0)
        model.evaluate([x, x[::-1]], y, verbose=0)
        flat = x.reshape(160, 64)
        one, other = keras.Input((64,)), keras.Input((64,))
        scores = keras.layers.Dense(1)(keras.layers.Add()([one, other]))
        rows = keras.Model([one, other], scores)
        rows.compile("adam", "mse")
        rows.fit([flat, flat], y, verbose=0)
    """,
    "an autoencoder first": """
        auto = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Conv2D(1, 3, padding="same")
        ])
        auto.compile("adam", "mse")
        auto.fit(x, x, validation_split=0.2, verbose=0)
        auto.evaluate(x, x, verbose=0)
        import tensorflow as tf
        pairs = tf.data.Dataset.from_tensor_slices((x, x)).batch(32)
        assert auto.predict(pairs, verbose=0).shape == x.shape
        model = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, validation_split=0.2, verbose=0)
    """,
    "settings that are a dictionary and an object": """
        class Settings(dict):
            __getattr__ = dict.__getitem__
            __setattr__ = dict.__setitem__

        settings = Settings()
        settings.epochs = 1
        model = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, epochs=settings.epochs, verbose=0)
    """,
    "a buffer resized in place": """
        buffer = np.arange(6)
        buffer.resize((2, 4))
        assert buffer.tolist() == [[0, 1, 2, 3], [4, 5, 0, 0]]
        model = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, verbose=0)
    """,
    "a network taken apart, copied and read again": """
        base = keras.applications.MobileNetV2(weights=None, include_top=False, alpha=0.35,
                                              input_shape=(32, 32, 3))
        flat = keras.Sequential([keras.Input((32, 32, 3))])
        for layer in base.layers[1:9]:
            flat.add(layer)
        flat.add(keras.layers.GlobalAveragePooling2D())
        flat.add(keras.layers.Dense(2, activation="softmax"))
        copy = keras.models.clone_model(flat)
        flat.save("flat.keras")
        again = keras.models.load_model("flat.keras")
        again.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        pictures = np.repeat(x.repeat(4, axis=1).repeat(4, axis=2), 3, axis=3)
        again.fit(pictures[:40], y[:40], verbose=0)
    """,
    "files read in turn": """
        import tensorflow as tf
        parts = tf.data.Dataset.range(4).interleave(
            lambda part: tf.data.Dataset.from_tensor_slices((x, y)).skip(40 * part).take(40)
        )
        model = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(parts.batch(32), epochs=2, verbose=0)
    """,
    "two answers in a training step of its own": """
        class Trained(Two):
            def call(self, pictures):
                scores = self.one(self.flat(pictures))
                return scores, keras.ops.max(scores, axis=-1)

            def test_step(self, data):
                return {"loss": 0.0, "accuracy": 0.5}

            def train_step(self, data):
                self(data[0], training=True)
                return {"loss": 0.0, "accuracy": 0.5}

        model = Trained()
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(x, y, validation_data=(x, y), verbose=0)
        model.evaluate(x, y, verbose=0)
    """,
    "a callback that prints the validation accuracy": """
        model = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        told = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: print(epoch, logs["val_accuracy"])
        )
        model.fit(x, y, epochs=3, validation_data=(x, y), verbose=0, callbacks=[told])
    """,
    "an input and an output by their names": """
        import tensorflow as tf
        inputs = keras.Input((8, 8, 1), name="image")
        scores = keras.layers.Dense(2, activation="softmax", name="kind")(
            keras.layers.Flatten()(inputs)
        )
        model = keras.Model(inputs, scores)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit({"image": x}, {"kind": y}, verbose=0)
        pairs = tf.data.Dataset.from_tensor_slices(({"image": x}, {"kind": y})).batch(32)
        model.fit(pairs, validation_data=pairs, verbose=0)
        model.evaluate(pairs, verbose=0)
        assert model.predict(pairs, verbose=0).shape == (160, 2)
        named = keras.Model({"image": inputs}, {"kind": scores})
        named.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        named.fit({"image": x}, {"kind": y}, verbose=0)
        assert named.predict({"image": x}, verbose=0)["kind"].shape == (160, 2)
    """,
    "one picture at a time": """
        model = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, verbose=0)
        alone = np.concatenate([model.predict(one[None], verbose=0) for one in x[:30]])
        assert np.allclose(alone, model.predict(x[:30], verbose=0), atol=1e-5)
    """,
}

FROZEN = """
        def frozen_and_head():
            trunk = keras.Sequential([
                keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3, activation="relu"),
            ])
            trunk.trainable = False
            return trunk, keras.Sequential([
                keras.Input((8, 8, 1)), trunk, keras.layers.Flatten(),
                keras.layers.Dense(2, activation="softmax"),
            ])
"""

SCRIPTS |= {
    "callbacks that look at the accuracy behind a frozen part": FROZEN
    + """
        watching = [
            keras.callbacks.EarlyStopping(monitor="val_accuracy", restore_best_weights=True),
            keras.callbacks.ReduceLROnPlateau(monitor="val_accuracy", patience=1),
            keras.callbacks.ModelCheckpoint("best.keras", "val_accuracy", save_best_only=True),
        ]
        for _ in range(2):
            _, model = frozen_and_head()
            model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
            model.fit(x, y, epochs=3, validation_split=0.2, verbose=0, callbacks=watching)
            assert all(callback.model is model for callback in watching)
        _, third = frozen_and_head()
        third.trainable = True
        third.layers[0].trainable = True
        third.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        third.fit(x, y, epochs=2, validation_split=0.2, verbose=0, callbacks=watching)
        assert all(callback.model is third for callback in watching)
    """,
    "half precision behind a frozen part": FROZEN
    + """
        x, y = np.tile(x, (2, 1, 1, 1)), np.tile(y, 2)
        for policy in ("mixed_float16", "mixed_bfloat16"):
            keras.mixed_precision.set_global_policy(policy)
            _, model = frozen_and_head()
            model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
            trained = model.fit(x, y, epochs=2, validation_split=0.2, verbose=0)
            assert np.isfinite(trained.history["loss"]).all(), policy
    """,
    "a loss of its own behind a frozen part": FROZEN
    + """
        class Own(keras.Model):
            def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=None):
                return keras.ops.mean((y_pred[:, 0] - keras.ops.cast(y == 0, "float32")) ** 2)

        _, plain = frozen_and_head()
        model = Own(plain.inputs, plain.outputs)
        model.compile("adam")
        model.fit(x, y, verbose=0)
    """,
    "steps of its own and no call": """
        class Steps(keras.Model):
            def __init__(self):
                super().__init__()
                self.net = keras.Sequential([
                    keras.Input((8, 8, 1)), keras.layers.Flatten(),
                    keras.layers.Dense(2, activation="softmax"),
                ])

            def train_step(self, data):
                self.net(data[0], training=True)
                return {"loss": 0.0}

            def test_step(self, data):
                return {"loss": 0.0, "accuracy": 0.5}

        model = Steps()
        model.built = True
        model.compile("adam")
        model.evaluate(x, y, verbose=0)
        fixed = keras.Sequential([
            keras.Input((8, 8, 1), batch_size=32), keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ])
        fixed.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        fixed.fit(x, y, batch_size=32, verbose=0)
        fixed.evaluate(x, y, batch_size=32, verbose=0)
    """,
    "draws whose arguments are named": """
        import random
        names = ["a", "b", "c"]
        assert sorted(random.sample(population=names, k=3)) == names
        assert len(random.sample(names, k=2)) == 2
        random.shuffle(x=names)
        model = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, verbose=0)
    """,
}


@pytest.mark.slow
@pytest.mark.parametrize("source", SCRIPTS.values(), ids=SCRIPTS)
def test_it_runs_to_its_end(tmp_path, source):
    script = tmp_path / "train.py"
    script.write_text(DATA + textwrap.dedent(source))
    with Replayer(Script(path=script)) as replayer:
        replay = replayer.run(fit_seconds=20, seconds=120)
    assert replay.status == "done", replay.output
    assert [told for told in replay.record["failures"] if "NotImplementedError" not in told] == []


def last_fit(replay):
    return replay.record["fits"][-1]


def named(replay, what):
    return [event for event in replay.record["events"] if event["what"] == what]


TOLD = {
    "boxes have no accuracy": (
        """
        model = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(4)
        ])
        model.compile("adam", "mse")
        model.fit(x, np.random.default_rng(0).random((160, 4)), validation_split=0.2, verbose=0)
        """,
        lambda replay: replay.scores == [],
    ),
    "several classes a picture have the number that the script gives": (
        """
        model = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Flatten(),
            keras.layers.Dense(3, activation="sigmoid"),
        ])
        model.compile("adam", "binary_crossentropy", metrics=["binary_accuracy"])
        several = np.stack([y, 1 - y, np.ones_like(y)], axis=1)
        model.fit(x, several, validation_split=0.2, verbose=0)
        """,
        lambda replay: (
            [score["honest"] for score in replay.scores] == [None]
            and replay.scores[0]["claimed"] is not None
        ),
    ),
    "what a network looks at is no training": (
        """
        import tensorflow as tf
        model = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, verbose=0)
        picture = tf.constant(x[:1])
        with tf.GradientTape() as tape:
            tape.watch(picture)
            score = model(picture)[0, 0]
        assert tape.gradient(score, picture).shape == (1, 8, 8, 1)
        """,
        lambda replay: named(replay, "custom-training-loop") == [],
    ),
    "a training loop of its own is one": (
        """
        import tensorflow as tf
        model = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2),
        ])
        adam = keras.optimizers.Adam()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

        @tf.function
        def step(pictures, labels):
            with tf.GradientTape() as tape:
                wrong = loss(labels, model(pictures))
            found = tape.gradient(wrong, model.trainable_variables)
            adam.apply_gradients(zip(found, model.trainable_variables))

        step(x[:32], y[:32])
        model.compile("adam", loss)
        model.fit(x, y, verbose=0)
        """,
        lambda replay: len(named(replay, "custom-training-loop")) > 0,
    ),
    "batches trained one by one are a loop of its own": (
        """
        model = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.train_on_batch(x[:32], y[:32])
        model.fit(x, y, verbose=0)
        """,
        lambda replay: len(named(replay, "custom-training-loop")) > 0,
    ),
    "an encoder that was trained before it was frozen": (
        """
        encoder = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3), keras.layers.Flatten(),
        ])
        first = keras.Sequential([keras.Input((8, 8, 1)), encoder, keras.layers.Dense(8)])
        first.compile("adam", "mse")
        first.fit(x, np.zeros((160, 8)), verbose=0)
        encoder.trainable = False
        model = keras.Sequential([
            keras.Input((8, 8, 1)), encoder, keras.layers.Dense(2, activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, verbose=0)
        """,
        lambda replay: last_fit(replay)["frozen_was_trained"],
    ),
    "a part that was frozen from the start": (
        FROZEN
        + """
        for _ in range(2):
            trunk, model = frozen_and_head()
            model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
            model.fit(x, y, verbose=0)
            model.fit(x, y, verbose=0)
        """,
        lambda replay: not last_fit(replay)["frozen_was_trained"],
    ),
    "rows of two inputs are counted": (
        """
        import tensorflow as tf
        left, right = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
        joined = keras.layers.Concatenate()([left, right])
        scores = keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(joined))
        model = keras.Model([left, right], scores)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        pairs = tf.data.Dataset.from_tensor_slices(((x[:96], x[:96]), y[:96])).batch(32)
        model.fit([x, x], y, validation_data=pairs, verbose=0)
        model.fit([x, x], y, validation_data=([x[:40], x[:40]], y[:40]), verbose=0)
        model.fit([x, x], y, validation_split=0.25, verbose=0)
        """,
        lambda replay: [score["n"] for score in replay.scores] == [96, 40, 40],
    ),
    "a strategy, left before the training": (
        """
        import tensorflow as tf
        with tf.distribute.MirroredStrategy(["/cpu:0"]).scope():
            model = keras.Sequential([
                keras.Input((8, 8, 1)), keras.layers.Flatten(),
                keras.layers.Dense(2, activation="softmax"),
            ])
            model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x[:100], y[:100], validation_data=(x[100:], y[100:]), epochs=2, verbose=0)
        model.evaluate(x[100:], y[100:], verbose=0)
        """,
        lambda replay: [score["by"] for score in replay.scores] == ["fit", "evaluate"],
    ),
    "callbacks of an evaluation": (
        """
        class Timer(keras.callbacks.Callback):
            def on_test_begin(self, logs=None):
                self.batches = 0
            def on_test_batch_end(self, batch, logs=None):
                self.batches += 1
        model = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, verbose=0)
        timer = Timer()
        model.evaluate(x, y, batch_size=40, callbacks=[timer], verbose=0)
        assert timer.batches == 4
        """,
        lambda replay: [score["n"] for score in replay.scores] == [160],
    ),
    "weights from elsewhere": (
        """
        net = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(4),
        ])
        net.set_weights([w + 1 for w in net.get_weights()])
        net.trainable = False
        model = keras.Sequential([net, keras.layers.Dense(2, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, verbose=0)
        """,
        lambda replay: [e["what"] for e in replay.record["events"]].count("set_weights") == 1,
    ),
    "a network without the layers that prepare pixels": (
        """
        base = keras.applications.MobileNetV3Small(
            weights=None, include_top=False, input_shape=(32, 32, 3), include_preprocessing=False
        )
        model = keras.Sequential([
            keras.Input((32, 32, 3)), base, keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(np.zeros((8, 32, 32, 3)), y[:8], verbose=0)
        """,
        lambda replay: last_fit(replay)["base"]["rescales"] is False,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("source", "is_told"), TOLD.values(), ids=TOLD)
def test_what_is_told(tmp_path, source, is_told):
    script = tmp_path / "train.py"
    script.write_text(DATA + textwrap.dedent(source))
    with Replayer(Script(path=script)) as replayer:
        replay = replayer.run(fit_seconds=20, seconds=120)
    assert replay.status == "done", replay.output
    assert is_told(replay), (replay.scores, replay.record["events"])
