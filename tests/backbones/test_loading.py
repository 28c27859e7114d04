import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from regraft.backbones.loading import assign_tensors, load_weights, tensors_of
from regraft.backbones.naming import layers_by_name
from regraft.errors import InvalidArgumentError


def small_network(seed: int = 0, width: int = 4, name: str = "stem"):
    """Two convolutions, a normalisation and a dense layer; some of them without a name."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(width, 3, name=name)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Conv2D(width, 3)(x)
    x = layers.Dense(2)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, x)


def test_names_do_not_depend_on_what_was_built_before() -> None:
    first, second = small_network(), small_network()

    assert [layer.name for layer in first.layers] != [layer.name for layer in second.layers]
    assert list(layers_by_name(first)) == list(layers_by_name(second))
    assert {"stem", "conv2d", "batch_normalization", "dense"} < layers_by_name(first).keys()
    assert {"stem/kernel", "conv2d/bias"} < tensors_of(first).keys()


def test_an_hdf5_file_gives_what_keras_reads_from_it(tmp_path: Path, write_hdf5) -> None:
    path = write_hdf5(small_network(seed=1), tmp_path / "weights.h5")
    ours, keras_own = small_network(seed=2), small_network(seed=3)

    load_weights(ours, path)
    keras_own.load_weights(path)

    for found, expected in zip(ours.get_weights(), keras_own.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_only_the_layers_that_are_needed_are_read(tmp_path: Path, write_hdf5) -> None:
    path = write_hdf5(small_network(seed=1), tmp_path / "weights.h5")
    model = small_network(seed=2)
    before = tensors_of(model)

    load_weights(model, path, only=["stem"])

    after = tensors_of(model)
    assert {name for name in after if not np.array_equal(before[name], after[name])} == {
        "stem/kernel"
    }


def test_tensors_go_through_safetensors_unchanged(tmp_path: Path) -> None:
    source, target = small_network(seed=1), small_network(seed=2)

    load_weights(target, _as_safetensors(source, tmp_path))

    pixels = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype(np.float32)
    np.testing.assert_array_equal(source(pixels), target(pixels))


def test_more_tensors_than_needed_may_be_assigned() -> None:
    source, target = small_network(seed=1), small_network(seed=2)

    assign_tensors(target, tensors_of(source) | {"top/kernel": np.zeros(3)})

    np.testing.assert_array_equal(source.get_weights()[0], target.get_weights()[0])


def _as_safetensors(model, folder: Path) -> Path:
    from safetensors.numpy import save_file

    save_file(tensors_of(model), folder / "weights.safetensors")
    return folder / "weights.safetensors"


@pytest.mark.parametrize("kind", ["hdf5", "safetensors"])
def test_a_file_with_another_shape_is_refused(kind: str, tmp_path: Path, write_hdf5) -> None:
    other = small_network(width=5)
    if kind == "hdf5":
        path = write_hdf5(other, tmp_path / "weights.h5")
    else:
        path = _as_safetensors(other, tmp_path)

    with pytest.raises(InvalidArgumentError, match=r"of this network.*\(3, 3, 3, 5\)"):
        load_weights(small_network(width=4), path)


def test_tensors_of_another_shape_are_refused() -> None:
    tensors = tensors_of(small_network(width=5))

    with pytest.raises(InvalidArgumentError, match=r"stem/kernel is \(3, 3, 3, 5\)"):
        assign_tensors(small_network(width=4), tensors)


def test_layers_of_another_name_are_refused_unless_the_file_is_known(
    tmp_path: Path, write_hdf5
) -> None:
    path = write_hdf5(small_network(name="entry"), tmp_path / "weights.h5")

    with pytest.raises(InvalidArgumentError, match="layer entry in place of stem"):
        load_weights(small_network(), path)
    load_weights(small_network(), path, names_agree=False)


def test_a_missing_tensor_is_named(tmp_path: Path) -> None:
    tensors = tensors_of(small_network())
    del tensors["conv2d/bias"]

    with pytest.raises(InvalidArgumentError, match="conv2d/bias is missing"):
        assign_tensors(small_network(), tensors)


@pytest.mark.parametrize("suffix", [".h5", ".safetensors"])
def test_a_file_of_another_kind_is_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(b"<html>not found</html>")

    with pytest.raises(InvalidArgumentError, match=r"received .*weights"):
        load_weights(small_network(), path)


def _external_link(file: h5py.File, name: str, folder: Path) -> None:
    with h5py.File(folder / "other.h5", "w") as other:
        other["kernel"] = np.zeros((3, 3, 3, 4), np.float32)
    file[name] = h5py.ExternalLink(str(folder / "other.h5"), "kernel")


def _soft_link(file: h5py.File, name: str, folder: Path) -> None:
    file["elsewhere"] = np.zeros((3, 3, 3, 4), np.float32)
    file[name] = h5py.SoftLink("/elsewhere")


def _external_storage(file: h5py.File, name: str, folder: Path) -> None:
    (folder / "secret").write_bytes(bytes(3 * 3 * 3 * 4 * 4))
    file.create_dataset(
        name, (3, 3, 3, 4), np.float32, external=[(str(folder / "secret"), 0, 3 * 3 * 3 * 4 * 4)]
    )


def _virtual(file: h5py.File, name: str, folder: Path) -> None:
    layout = h5py.VirtualLayout((3, 3, 3, 4), np.float32)
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "kernel", (3, 3, 3, 4))
    file.create_virtual_dataset(name, layout)


def _text(file: h5py.File, name: str, folder: Path) -> None:
    file.create_dataset(name, data=["a", "b"], dtype=h5py.string_dtype())


def _huge(file: h5py.File, name: str, folder: Path) -> None:
    file.create_dataset(name, (2**20, 2**20), np.float32, chunks=(2**10, 2**10))


@pytest.mark.parametrize(
    "plant",
    [_external_link, _soft_link, _external_storage, _virtual, _text, _huge],
    ids=lambda plant: plant.__name__.strip("_"),
)
def test_a_hostile_hdf5_file_is_refused_before_it_is_read(
    plant, tmp_path: Path, write_hdf5
) -> None:
    model = small_network()
    path = write_hdf5(model, tmp_path / "weights.h5")
    with h5py.File(path, "a") as file:
        del file["stem/stem/kernel:0"]
        plant(file, "stem/stem/kernel:0", tmp_path)

    with pytest.raises(InvalidArgumentError, match="expected an HDF5 weight file as"):
        load_weights(model, path)


def test_a_damaged_hdf5_file_is_refused(tmp_path: Path, write_hdf5) -> None:
    path = write_hdf5(small_network(), tmp_path / "weights.h5")
    path.write_bytes(path.read_bytes()[:3000])

    with pytest.raises(InvalidArgumentError, match="expected an HDF5 weight file; received"):
        load_weights(small_network(), path)


def test_an_hdf5_file_of_something_else_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x_train"] = np.zeros(3)

    with pytest.raises(InvalidArgumentError, match="no list of layers"):
        load_weights(small_network(), tmp_path / "data.h5")


def test_tensors_that_numpy_does_not_know_are_refused(tmp_path: Path) -> None:
    network = small_network()
    header, end = {}, 0
    for name, values in tensors_of(network).items():
        start, end = end, end + values.size
        header[name] = {"dtype": "F8_E4M3", "shape": values.shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    path = tmp_path / "weights.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(end))
    with pytest.raises(InvalidArgumentError, match=r"float16; received .* in F8_E4M3 .*weights"):
        load_weights(network, path)
