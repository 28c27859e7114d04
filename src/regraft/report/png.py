"""Pictures as PNG bytes for a page: always the same bytes for the same pixels."""

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TRUE_COLOUR = 2
_NO_FILTER = b"\x00"


def png(picture: npt.NDArray[np.uint8]) -> bytes:
    """One picture (h, w, 3) in [0, 255] as a PNG file.

    Source:
        PNG Specification, third edition, sections 5.3 and 11.2, https://www.w3.org/TR/png-3/.
    """
    height, width, _ = picture.shape
    header = struct.pack(">IIBBBBB", width, height, 8, _TRUE_COLOUR, 0, 0, 0)
    rows = b"".join(_NO_FILTER + row.tobytes() for row in np.ascontiguousarray(picture))
    return b"".join(
        (_SIGNATURE, _chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows, 9)),
         _chunk(b"IEND", b""))
    )  # fmt: skip


def data_uri(picture: npt.NDArray[np.uint8]) -> str:
    """One picture (h, w, 3) as an address that needs no network."""
    return f"data:image/png;base64,{base64.b64encode(png(picture)).decode('ascii')}"


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
