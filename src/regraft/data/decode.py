"""The only decoder: file bytes to uint8 pixels, the same for training and for serving.

Policy, in the order it is applied:

1. Only regular files of the formats in `FORMATS`, told apart by their first bytes, never by
   their name; at most `MAX_FILE_BYTES` and, by the header, `MAX_PIXELS`, or
   `MAX_JPEG_PIXELS`.
2. The first frame of animations and of multi-page files.
3. 16-bit gray is scaled by the range its header states (65535, or 4095 for 12 bits);
   16-bit colour keeps its high byte (a single transparent colour then stays opaque). 32-bit
   integers and floats have no stated range: refused.
4. Palettes become RGB; CMYK, YCbCr and HSV become RGB without a colour profile.
5. Transparency is laid on white.
6. The EXIF orientation is applied. EXIF that cannot be parsed says nothing.

A file that is truncated or damaged is a `BadImageError` that names it: there are no gray bars
where pixels were lost.
"""

import contextlib
import errno
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
from PIL import (
    BmpImagePlugin,  # noqa: F401  (importing a plugin registers its reader)
    GifImagePlugin,  # noqa: F401
    Image,
    ImageFile,
    JpegImagePlugin,  # noqa: F401
    MpoImagePlugin,  # noqa: F401  (many phones write JPEG files of this kind)
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,
    WebPImagePlugin,  # noqa: F401
)

from regraft.data.text import as_text, shown
from regraft.errors import BadImageError, expected_received

DECODE_VERSION = 2  # part of every cache key: raise it when any pixel could change

MAX_SIDE = 65_535  # pixels, as of JPEG: resizing takes memory for each of the longer side
MAX_PIXELS = 64_000_000  # of the header
MAX_JPEG_PIXELS = 128_000_000  # the largest phone cameras have 108 million; decoded in part
MAX_FILE_BYTES = 512 * 2**20  # an uncompressed 16-bit RGBA picture of MAX_PIXELS has as many

FORMATS: dict[str, tuple[bytes, ...]] = {  # Pillow's name: how such a file starts
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "BMP": (b"BM",),
    "TIFF": (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"),
    "WEBP": (b"RIFF",),
}
FORMATS_SHOWN = "JPEG, PNG, WEBP, BMP, GIF or TIFF"

LARGEST_SHIFT = 0.05  # of a pixel of the resized picture

EXIF_ORIENTATION = 0x0112
TURNS = {  # EXIF 2.32, section 4.6.4: what puts each stored orientation upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

TIFF_BITS, TIFF_PHOTOMETRIC, WHITE_IS_ZERO = 258, 262, 0


class _UnreadableError(Exception):
    """Says in a few words what is wrong with a picture; never leaves this module."""


def decode(
    data: bytes | Path, *, name: str = "", reduce_to: int | None = None
) -> npt.NDArray[np.uint8]:
    """Decode one picture.

    Args:
        data: The bytes of a file, or where it is.
        name: What messages call the picture; the path where it is empty.
        reduce_to: The side in pixels of the square the picture will be resized to. A JPEG at
            least four times as large in both directions may then be decoded at 1/2, 1/4 or 1/8
            of its size, never at less than twice `reduce_to`, and only where its sides divide
            so well that nothing moves by more than `LARGEST_SHIFT`. After the resize a picture
            differs from the full decode by at most 1 on average and 16 anywhere (of 255), as
            measured on 300 photographs at 32 to 112 pixels and tested on some.

    Returns:
        Pixels of shape (h, w, 1) for gray or (h, w, 3) for RGB, in [0, 255].

    Raises:
        BadImageError: For anything but a complete picture of an allowed format and size.
    """
    try:
        with _opened(data) as image:
            return _pixels(image, reduce_to)
    except _UnreadableError as error:
        called = name or (str(data) if isinstance(data, Path) else "a picture given as bytes")
        received = f"{shown(as_text(called))}: {error}"
        step = "Repair it, or leave it out: --on-bad-image skip does."
        raise BadImageError(
            expected_received(f"a complete {FORMATS_SHOWN} picture", received, step)
        ) from error


def reason_unreadable(path: Path, *, in_full: bool) -> str | None:
    """Why a file is no usable picture, or None if it is one.

    Args:
        path: The file.
        in_full: Decode it. Otherwise only its kind, format and size are looked at, which is
            about ten times faster and misses files damaged after their header.
    """
    try:
        with _opened(path) as image:
            if in_full:
                _pixels(image, None)
    except _UnreadableError as error:
        return str(error)
    return None


def n_pixels(path: Path) -> int:
    """Pixels of a file as its header says; 0 if it has none that can be read."""
    try:
        with _opened(path) as image:
            width, height = image.size
    except _UnreadableError:  # whoever decodes it says so
        return 0
    return width * height


def starts_like_a_picture(start: bytes) -> bool:
    """Whether the first bytes (12 are enough) are those of an allowed format.

    Of a BMP the four reserved bytes count as well: many a text begins with its two letters.
    """
    found = _format(start)
    return found is not None and (found != "BMP" or start[6:10] == bytes(4))


def on_white(colour: npt.NDArray[np.uint8], alpha: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Lay pixels on white.

    Args:
        colour: Shape (..., c), straight (not premultiplied) values.
        alpha: Shape (..., 1), 255 is opaque.
    """
    cover = alpha.astype(np.uint16)
    mixed = colour * cover + 255 * (255 - cover)  # at most 255 * 255: fits 16 bits
    return ((mixed + 127) // 255).astype(np.uint8)


@contextlib.contextmanager
def _opened(data: bytes | Path) -> Iterator[ImageFile.ImageFile]:
    """The picture with its header read and checked; every failure inside is `_UnreadableError`."""
    try:
        with io.BytesIO(data) if isinstance(data, bytes) else _regular_file(data) as file:
            yield _with_header_checked(file)
    except _UnreadableError:
        raise
    except MemoryError as error:
        raise _UnreadableError("too large for the memory at hand") from error
    except Exception as error:  # Pillow raises anything on hostile bytes
        reason = f"damaged ({shown(str(error) or type(error).__name__)})"
        raise _UnreadableError(reason) from error


def _with_header_checked(file: IO[bytes]) -> ImageFile.ImageFile:
    start = file.read(12)
    file.seek(0)
    found = _format(start)
    if found is None:
        reason = f"not a {FORMATS_SHOWN} file" if start else "an empty file"
        raise _UnreadableError(reason)
    # Image.open would warn on its own about large headers, before they can be refused here
    image = Image.OPEN[found][0](file, "")
    width, height = image.size
    most = MAX_JPEG_PIXELS if found == "JPEG" else MAX_PIXELS
    if width * height > most:
        reason = f"{width:,} x {height:,} pixels, more than {most:,}"
        raise _UnreadableError(reason)
    if max(width, height) > MAX_SIDE:
        reason = f"{width:,} x {height:,} pixels, a side of more than {MAX_SIDE:,}"
        raise _UnreadableError(reason)
    return image


def _format(start: bytes) -> str | None:
    for name, starts in FORMATS.items():
        if start.startswith(starts) and (name != "WEBP" or start[8:12] == b"WEBP"):
            return name
    return None


def _regular_file(path: Path) -> IO[bytes]:
    # without O_NONBLOCK opening a pipe nobody writes to would wait for ever
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        reasons = {errno.ENOENT: "no such file", errno.ELOOP: "a loop of symbolic links"}
        text = reasons.get(error.errno or 0, f"cannot be opened ({error.strerror})")
        raise _UnreadableError(text) from error
    except ValueError as error:  # a null byte
        raise _UnreadableError("not a possible file name") from error
    status = os.fstat(handle)
    if stat.S_ISREG(status.st_mode) and status.st_size <= MAX_FILE_BYTES:
        return os.fdopen(handle, "rb")
    os.close(handle)
    if stat.S_ISDIR(status.st_mode):
        raise _UnreadableError("a folder")
    if not stat.S_ISREG(status.st_mode):
        raise _UnreadableError("not a regular file")
    reason = f"{status.st_size:,} bytes, more than {MAX_FILE_BYTES:,}"
    raise _UnreadableError(reason)


def _pixels(image: ImageFile.ImageFile, reduce_to: int | None) -> npt.NDArray[np.uint8]:
    if reduce_to is not None:
        _read_reduced(image, reduce_to)
    image.load()
    upright = _upright(image)
    if upright.mode.startswith("I;16"):
        return _from_16_bits(upright, image)
    if upright.mode in ("I", "F"):
        raise _UnreadableError("32-bit pixels, whose range the file does not state")

    if upright.has_transparency_data:
        if upright.mode in ("1", "L", "LA", "La"):
            both = np.asarray(upright.convert("LA"))
        else:
            both = np.asarray(upright.convert("RGBA"))
        return on_white(both[..., :-1], both[..., -1:])
    pixels = np.array(upright.convert("L" if upright.mode in ("1", "L") else "RGB"))
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def _read_reduced(image: ImageFile.ImageFile, side: int) -> None:
    """Have a JPEG decoded at a part of its size, where that hardly shows after the resize."""
    width, height = image.size
    for part in (8, 4, 2) if min(width, height) >= 4 * side else ():
        # sizes are rounded up to whole pixels: so far does the last one move in the result
        shift = max(-width % part / width, -height % part / height) * side
        if min(width, height) // part >= 2 * side and shift <= LARGEST_SHIFT:
            image.draft(None, (width // part, height // part))  # does nothing but for JPEG
            return


def _upright(image: ImageFile.ImageFile) -> Image.Image:
    try:
        turn = TURNS.get(image.getexif().get(EXIF_ORIENTATION, 1))
    except Exception:  # noqa: BLE001  whatever is wrong with the EXIF, the pixels are whole
        return image
    return image if turn is None else image.transpose(turn)


def _from_16_bits(upright: Image.Image, image: ImageFile.ImageFile) -> npt.NDArray[np.uint8]:
    bits = 16
    white_is_zero = False
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        bits = image.tag_v2.get(TIFF_BITS, (16,))[0]
        white_is_zero = image.tag_v2.get(TIFF_PHOTOMETRIC) == WHITE_IS_ZERO
    full = 2**bits - 1
    values = np.asarray(upright).astype(np.uint32)[..., np.newaxis]  # (h, w, 1), native order
    pixels = ((values * 255 + full // 2) // full).astype(np.uint8)
    if white_is_zero:
        pixels = 255 - pixels
    transparent = image.info.get("transparency")
    return pixels if transparent is None else np.where(values == transparent, 255, pixels)
