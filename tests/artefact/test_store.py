import json
import os
import subprocess
import sys

import numpy as np
import pytest

from regraft.artefact.classifier import Classifier
from regraft.artefact.store import load, save
from regraft.errors import ArtefactError, MissingFileError
from regraft.records import HiddenHead

COMMAND = "regraft fit noise"


@pytest.fixture
def folder(classifier, tmp_path):
    save(tmp_path / "artefact", classifier, command=COMMAND)
    return tmp_path / "artefact"


@pytest.fixture(scope="module")
def loaded(classifier, tmp_path_factory):
    place = tmp_path_factory.mktemp("loaded") / "artefact"
    save(place, classifier, command=COMMAND)
    return load(place)


def test_the_answers_are_the_same_to_the_bit(classifier, loaded, pictures):
    before = classifier.predict(pictures).probabilities
    after = loaded.predict(pictures).probabilities
    assert before.tobytes() == after.tobytes()


def test_a_second_head_survives(classifier, tmp_path, pictures):
    generator = np.random.default_rng(3)
    n, k, units = classifier.recipe.n_features, classifier.recipe.n_classes, 5
    hidden = HiddenHead(
        into=generator.normal(size=(n, units)).astype(np.float32),
        into_bias=generator.normal(size=units).astype(np.float32),
        out=generator.normal(size=(units, k)).astype(np.float32),
        out_bias=np.zeros(k, np.float32),
        temperature=1.7,
    )
    both = Classifier(
        recipe=classifier.recipe.model_copy(
            update={"hidden_units": units, "hidden_temperature": 1.7}
        ),
        class_names=classifier.class_names,
        extractor=classifier.extractor,
        head=classifier.head,
        hidden=hidden,
        metrics=classifier.metrics,
        origin=classifier.origin,
    )
    save(tmp_path / "both", both, command=COMMAND)
    after = load(tmp_path / "both").predict(pictures).probabilities
    assert after.tobytes() == both.predict(pictures).probabilities.tobytes()
    assert not np.allclose(after, classifier.predict(pictures).probabilities, atol=1e-3)
    assert "one layer of 5 hidden units |" in (tmp_path / "both" / "README.md").read_text()


def test_everything_else_survives(classifier, loaded):
    assert loaded.class_names == classifier.class_names
    assert loaded.recipe == classifier.recipe
    assert loaded.origin == classifier.origin
    assert loaded.metrics == classifier.metrics


def test_weights_that_changed_since_random_are_the_saved_ones(classifier, tmp_path, pictures):
    from regraft.artefact.store import trunk_of

    before = classifier.predict(pictures).probabilities
    variable = trunk_of(classifier.extractor).weights[0]
    original = variable.numpy()
    try:
        variable.assign(original * 1.37)  # not exact in float16
        changed = classifier.predict(pictures).probabilities
        save(tmp_path / "changed", classifier, command=COMMAND)
    finally:
        variable.assign(original)
    assert not np.allclose(before, changed, atol=1e-4)
    assert load(tmp_path / "changed").predict(pictures).probabilities.tobytes() == changed.tobytes()


def test_loads_in_a_process_without_network_weights_or_home(folder, tmp_path, pictures, classifier):
    np.save(tmp_path / "picture.npy", pictures[2])
    code = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise OSError('no network')\n"
        "socket.socket.connect = refuse\n"
        "import numpy as np, regraft\n"
        "answer = regraft.load(sys.argv[1]).predict(np.load(sys.argv[2]))\n"
        "print(answer.probabilities.tobytes().hex())\n"
    )
    environment = os.environ | {"HOME": str(tmp_path), "KERAS_HOME": str(tmp_path / "none")}
    answer = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(tmp_path / "picture.npy")],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert (
        answer.stdout.split()[-1] == classifier.predict(pictures[2]).probabilities.tobytes().hex()
    )


def test_never_overwrites(classifier, folder):
    with pytest.raises(FileExistsError):
        save(folder, classifier, command=COMMAND)


def test_the_card_states_what_matters_and_runs_no_markup(folder):
    card = (folder / "README.md").read_text("utf-8")
    assert "0.8000 (95% interval" in card
    assert "Apache-2.0" in card
    assert "<script>" not in card
    assert "floor: majority" in card
    assert COMMAND in card
    assert all(line.count("|") >= 3 for line in card.splitlines() if line.startswith("|"))


@pytest.mark.parametrize(
    "name", ["recipe.json", "labels.json", "metrics.json", "weights.safetensors"]
)
def test_a_changed_byte_is_found(folder, name):
    path = folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArtefactError, match=name):
        load(folder)


@pytest.mark.parametrize(
    "name", ["recipe.json", "labels.json", "metrics.json", "weights.safetensors", "manifest.json"]
)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ArtefactError, match=name):
        load(folder)


def test_the_card_may_be_edited(folder):
    (folder / "README.md").write_text("Mine.")
    load(folder)


def rewritten(folder, name, change):
    """Alter a JSON file on purpose, and its hash with it."""
    from regraft.artefact.files import sha256

    value = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps(change(value)))
    if name != "manifest.json":
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["files"][name] = sha256(folder / name)
        (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        pytest.param("recipe.json", lambda r: r | {"code": "os"}, "code", id="unknown-key"),
        pytest.param("recipe.json", lambda r: r | {"schema_version": 9}, "schema 9", id="schema"),
        pytest.param("recipe.json", lambda r: r | {"size": -1}, "size", id="negative-size"),
        pytest.param("recipe.json", lambda r: r | {"size": 60_000}, "size", id="endless-size"),
        pytest.param("recipe.json", lambda r: r | {"backbone": "os"}, "'os'", id="no-such-row"),
        pytest.param("recipe.json", lambda r: r | {"taps": ["x"]}, "'x'", id="no-such-tap"),
        pytest.param("recipe.json", lambda r: r | {"grids": [1, 2]}, "2 grids", id="grids"),
        pytest.param(
            "recipe.json", lambda r: r | {"n_features": 7}, "head/kernel", id="head-shape"
        ),
        pytest.param("recipe.json", lambda r: r | {"resize_version": 99}, "resize 99", id="resize"),
        pytest.param("recipe.json", lambda r: [r], "recipe.json", id="not-an-object"),
        pytest.param("labels.json", lambda n: n[:2], "3 class names", id="too-few-names"),
        pytest.param("labels.json", lambda n: [1, 2, 3], "3 class names", id="names-are-numbers"),
        pytest.param(
            "manifest.json",
            lambda m: m | {"files": m["files"] | {"../secret": "0" * 64}},
            "no such file",
            id="path-out-of-the-folder",
        ),
    ],
)
def test_what_is_altered_on_purpose_is_refused_in_one_line(folder, name, change, message):
    rewritten(folder, name, change)
    with pytest.raises(ArtefactError, match=message) as caught:
        load(folder)
    assert "expected" in str(caught.value)


def test_no_such_folder(tmp_path):
    with pytest.raises(MissingFileError, match="none-here"):
        load(tmp_path / "none-here")


def test_a_pickle_in_place_of_tensors_is_not_run(folder, tmp_path):
    import pickle

    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "was-run"), "w"))

    (folder / "weights.safetensors").write_bytes(pickle.dumps(Evil()))
    rewritten(folder, "labels.json", lambda names: names)
    manifest = json.loads((folder / "manifest.json").read_text())
    from regraft.artefact.files import sha256

    manifest["files"]["weights.safetensors"] = sha256(folder / "weights.safetensors")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtefactError, match=r"weights\.safetensors"):
        load(folder)
    assert not (tmp_path / "was-run").exists()


def with_hash(folder, name, content):
    """Write any bytes in place of a file, and their hash."""
    from regraft.artefact.files import sha256

    (folder / name).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = sha256(folder / name)
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("name", ["manifest.json", "metrics.json"])
def test_json_nested_without_end_is_refused(folder, name):
    content = b"[" * 200_000
    if name == "manifest.json":
        (folder / name).write_bytes(content)
    else:
        with_hash(folder, name, content)
    with pytest.raises(ArtefactError, match=f"JSON in .*{name}"):
        load(folder)


@pytest.mark.parametrize(("kind", "size"), [("BF16", 2), ("F8_E4M3", 1)])
def test_tensors_that_numpy_does_not_know_are_refused(folder, kind, size):
    tensor = {"dtype": kind, "shape": [2], "data_offsets": [0, 2 * size]}
    header = json.dumps({"head/bias": tensor}).encode()
    content = len(header).to_bytes(8, "little") + header + bytes(2 * size)
    with_hash(folder, "weights.safetensors", content)
    # where ml_dtypes is loaded, numpy knows bfloat16: the tensor is then refused by its dtype
    with pytest.raises(ArtefactError, match=r"weights\.safetensors"):
        load(folder)


def test_an_artefact_of_before_the_test_rows_were_recorded_is_read(folder, classifier):
    record = folder / "manifest.json"
    manifest = json.loads(record.read_text())
    assert manifest["data"].pop("test_sha256") == classifier.origin.test_sha256
    record.write_text(json.dumps(manifest))
    assert load(folder).origin.test_sha256 is None


def test_the_card_shows_the_plans_that_were_compared(classifier, tmp_path):
    plan = {
        "backbone": "vgg16", "size": 32, "tap": "a+b", "grid": "2+4", "val_accuracy": 0.98765,
        "n": 4096, "images_per_second": 1234.5,
    }  # fmt: skip
    metrics = {**classifier.metrics, "search": {"n_plans": 120, "plans": [plan]}}
    searched = Classifier(
        recipe=classifier.recipe,
        class_names=classifier.class_names,
        extractor=classifier.extractor,
        head=classifier.head,
        metrics=metrics,
        origin=classifier.origin,
    )
    save(tmp_path / "searched", searched, command="")
    card = (tmp_path / "searched" / "README.md").read_text()
    assert "| vgg16 | 32 | a+b | 2+4 | 0.9877 | 4096 | 1234 |" in card
    assert "of 120 plans searched" in card
    assert load(tmp_path / "searched").metrics["search"]["n_plans"] == 120
