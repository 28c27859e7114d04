"""Fetching one file over HTTPS: complete and checked, or not at all."""

import hashlib
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

from regraft.storage import atomic_file

_CHUNK = 2**20
_SECONDS_OF_SILENCE = 30.0


def fetch(
    url: str, target: Path, *, expected_hash: str, progress: Callable[[int, int], None] | None
) -> None:
    """Download `url` to `target`, which appears only when it is complete and right.

    Args:
        url: An https address.
        target: The file to write; replaced if it exists.
        expected_hash: "md5:..." or "sha256:..."; empty checks the length alone.
        progress: Told the bytes received so far and those announced (0: unknown).

    Raises:
        OSError: If the address cannot be reached, the disk is full, or what came is not
            what was expected.
    """
    if urllib.parse.urlsplit(url).scheme != "https":
        msg = f"{url} is not an https address"
        raise OSError(msg)
    algorithm, _, expected = expected_hash.partition(":")
    digest = hashlib.new(algorithm or "sha256", usedforsecurity=False)
    with (
        urllib.request.urlopen(url, timeout=_SECONDS_OF_SILENCE) as answer,  # noqa: S310 - https
        atomic_file(target) as file,
    ):
        announced, received = int(answer.headers.get("Content-Length") or 0), 0
        while chunk := answer.read(_CHUNK):
            received += len(chunk)
            digest.update(chunk)
            file.write(chunk)
            if progress is not None:
                progress(received, announced)
        if announced and received != announced:
            msg = f"{received} of {announced} bytes came"
            raise OSError(msg)
        if expected and digest.hexdigest() != expected:
            msg = f"what came has {algorithm} {digest.hexdigest()}, not {expected}"
            raise OSError(msg)
