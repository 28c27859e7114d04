import hashlib
import io
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from regraft.backbones.table import Backbone, get
from regraft.backbones.weights import Weights, are_at_hand, find_weights, keras_cache
from regraft.errors import MissingFileError, WeightsUnavailableError

CONTENT = b"not really weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
VGG16 = get("vgg16")


@pytest.fixture(autouse=True)
def no_folder_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("REGRAFT_WEIGHTS", raising=False)


def published(content: bytes = CONTENT, row: Backbone = VGG16) -> Backbone:
    """The row, as if `content` were the published file."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return replace(row, weights=replace(row.weights, hash=f"md5:{md5}"))


def put(folder: Path, name: str = VGG16.weights.file_name) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(CONTENT)
    return folder / name


def serve(monkeypatch: pytest.MonkeyPatch, content: bytes, length: int | None = None) -> list[str]:
    """Answer every request with `content`; the list grows with the addresses asked for."""
    asked = []

    def urlopen(url: str, timeout: float) -> io.BytesIO:
        asked.append(url)
        answer = io.BytesIO(content)
        answer.headers = {"Content-Length": str(len(content) if length is None else length)}
        return answer

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return asked


def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def urlopen(url: str, timeout: float) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)


def test_the_bundle_needs_nothing_else() -> None:
    weights = find_weights(get("efficientnet_lite0"), download=False)

    assert weights.origin == "bundled"
    assert f"sha256:{weights.sha256}" == get("efficientnet_lite0").weights.hash


def test_a_named_file_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGRAFT_WEIGHTS", str(put(tmp_path / "mirror").parent))
    named = put(tmp_path, "mine.h5")

    weights = find_weights(VGG16, path=named)

    assert weights == Weights(path=named, origin="custom weights", sha256=SHA256)


def test_a_named_folder_is_searched(tmp_path: Path) -> None:
    file = put(tmp_path / "here")

    assert find_weights(VGG16, path=file.parent).path == file


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="received no such file"):
        find_weights(VGG16, path=tmp_path / "mine.h5")


def test_the_mirror_comes_before_the_cache_of_keras(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(keras_cache())
    file = put(tmp_path / "mirror")
    monkeypatch.setenv("REGRAFT_WEIGHTS", str(file.parent))

    assert find_weights(published()) == Weights(path=file, origin="mirror", sha256=SHA256)


def test_another_file_in_the_mirror_is_called_custom_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGRAFT_WEIGHTS", str(put(tmp_path / "mirror").parent))

    assert find_weights(VGG16).origin == "custom weights"


def test_a_file_for_another_size_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = get("mobilenet_v2")
    file = put(tmp_path / "mirror", row.weights.file_name.replace("_224_", "_96_"))
    monkeypatch.setenv("REGRAFT_WEIGHTS", str(file.parent))

    assert find_weights(row).path == file
    assert are_at_hand(row)


def test_an_altered_file_in_the_cache_of_keras_is_not_used() -> None:
    put(keras_cache())

    with pytest.raises(WeightsUnavailableError, match="whose hash is not the published one"):
        find_weights(VGG16, download=False)


def test_a_download_lands_in_the_cache_of_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = serve(monkeypatch, CONTENT)

    told = []
    first = find_weights(published(), progress=lambda *bytes_of: told.append(bytes_of))
    second = find_weights(published())

    assert asked == [VGG16.weights.url]
    assert told == [(18, 18)]
    assert first == Weights(
        path=keras_cache() / VGG16.weights.file_name, origin="downloaded", sha256=SHA256
    )
    assert second.origin == "mirror"


@pytest.mark.parametrize(
    ("content", "length", "message"),
    [(b"altered", None, "not [0-9a-f]{32}"), (CONTENT, 99, "18 of 99 bytes came")],
    ids=["another hash", "cut short"],
)
def test_a_bad_download_leaves_nothing(
    content: bytes, length: int | None, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, content, length)

    with pytest.raises(WeightsUnavailableError, match=message):
        find_weights(published())

    assert [file.suffix for file in keras_cache().iterdir()] == [".lock"]


def test_without_a_network_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    no_network(monkeypatch)

    with pytest.raises(WeightsUnavailableError) as caught:
        find_weights(VGG16)

    message = str(caught.value)
    for part in (VGG16.weights.file_name, VGG16.weights.hash, str(keras_cache()), "no route"):
        assert part in message


def test_weights_are_at_hand_where_a_folder_has_them() -> None:
    assert not are_at_hand(VGG16)
    put(keras_cache())
    assert are_at_hand(VGG16)
    assert are_at_hand(get("efficientnet_lite0"))


@pytest.mark.shared
def test_the_mirror_with_real_files(shared_offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGRAFT_WEIGHTS", str(shared_offline / "keras_home" / "models"))

    assert are_at_hand(get("vgg16"))
    assert find_weights(get("mobilenet_v2")).origin == "custom weights"
