import io
import os
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from regraft.data import decode as decode_module
from regraft.data.decode import decode, on_white, reason_unreadable
from regraft.errors import BadImageError

ORIENTATION = 0x0112


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def photograph(height: int = 24, width: int = 32) -> np.ndarray:
    """A smooth colour picture without any symmetry."""
    y, x = np.mgrid[0:height, 0:width]
    bands = [255 * x / width, 255 * y / height, 255 * (x + 2 * y) / (width + 2 * height)]
    return np.stack(bands, axis=-1).astype(np.uint8)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int, colour: int, raw: bytes, extra: bytes = b"") -> bytes:
    """A PNG written by hand, for what Pillow does not write. `raw` has a filter byte a row."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + extra + body


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF"])
def test_decode_returns_the_pixels_of_a_lossless_file(form):
    pixels = photograph()
    assert np.array_equal(decode(encoded(Image.fromarray(pixels), form)), pixels)


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_decode_is_near_the_pixels_of_a_lossy_file(form):
    pixels = photograph()
    found = decode(encoded(Image.fromarray(pixels), form, quality=95))
    assert np.abs(found.astype(int) - pixels).mean() < 4


def test_decode_reads_bytes_and_files_alike(tmp_path):
    data = encoded(Image.fromarray(photograph()), "JPEG")
    (tmp_path / "without ending").write_bytes(data)
    assert np.array_equal(decode(data), decode(tmp_path / "without ending"))


def test_decode_keeps_gray_as_one_channel():
    gray = photograph()[..., 0]
    found = decode(encoded(Image.fromarray(gray), "PNG"))
    assert found.shape == (24, 32, 1)
    assert found.dtype == np.uint8
    assert np.array_equal(found[..., 0], gray)


def test_decode_reads_one_bit_as_black_and_white():
    assert np.unique(
        decode(encoded(Image.fromarray(photograph()).convert("1"), "PNG"))
    ).tolist() == [
        0,
        255,
    ]


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_decode_scales_16_bits_by_their_range(form):
    values = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    found = decode(encoded(Image.fromarray(values), form))
    assert np.array_equal(found[..., 0], np.rint(values.astype(float) * 255 / 65535))


def test_decode_keeps_the_high_byte_of_16_bit_colour():
    raw = b"\0" + struct.pack(">6H", 0x1234, 0x5678, 0x9ABC, 0xFFFF, 0x00FF, 0x0100)
    assert decode(png(2, 1, 16, 2, raw)).tolist() == [[[0x12, 0x56, 0x9A], [0xFF, 0x00, 0x01]]]


def test_decode_scales_12_bits_by_their_range():
    packed = bytes([0xFF, 0xF0, 0x00, 0x80, 0x08, 0x00])  # 4095, 0, 2056, 2048
    entries = [
        *((256, 3, 4), (257, 3, 1), (258, 3, 12), (259, 3, 1), (262, 3, 1)),
        *((273, 4, 8), (277, 3, 1), (278, 3, 1), (279, 4, 6)),
    ]
    folder = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries
    )
    tiff = b"II*\0" + struct.pack("<I", 14) + packed + folder + bytes(4)
    assert decode(tiff)[0, :, 0].tolist() == [255, 0, 128, 128]


def test_decode_lays_alpha_on_white():
    colour = np.zeros((2, 2, 4), np.uint8)
    colour[..., 3] = [[0, 255], [128, 64]]
    found = decode(encoded(Image.fromarray(colour), "PNG"))
    assert found[..., 0].tolist() == [[255, 0], [127, 191]]


def test_decode_lays_gray_alpha_on_white_and_keeps_one_channel():
    both = np.array([[[10, 0], [10, 255]]], np.uint8)
    assert decode(encoded(Image.fromarray(both), "PNG")).tolist() == [[[255], [10]]]


@pytest.mark.parametrize(
    ("mode", "colour"),
    [
        pytest.param("L", 7, id="gray"),
        pytest.param("RGB", (1, 2, 3), id="rgb"),
        pytest.param("I;16", 300, id="gray-16-bits"),
        pytest.param("P", 5, id="palette"),
    ],
)
def test_decode_lays_a_transparent_colour_on_white(mode, colour):
    image = Image.new(mode, (4, 4), colour)
    if mode == "P":
        image.putpalette(list(range(256)) * 3)
    assert np.all(decode(encoded(image, "PNG", transparency=colour)) == 255)


def test_on_white_agrees_with_exact_arithmetic():
    colour, alpha = np.meshgrid(np.arange(256), np.arange(256))
    exact = (colour * alpha + 255 * (255 - alpha)) / 255
    found = on_white(colour[..., None].astype(np.uint8), alpha[..., None].astype(np.uint8))
    assert np.abs(found[..., 0] - exact).max() <= 0.5


@pytest.mark.parametrize(
    ("mode", "form"),
    [
        pytest.param("P", "PNG", id="palette-png"),
        pytest.param("P", "GIF", id="palette-gif"),
        pytest.param("CMYK", "JPEG", id="cmyk-jpeg"),
        pytest.param("CMYK", "TIFF", id="cmyk-tiff"),
        pytest.param("YCbCr", "TIFF", id="ycbcr-tiff"),
    ],
)
def test_decode_converts_other_colours_to_rgb(mode, form):
    image = Image.new("RGB", (16, 16), (204, 51, 102)).convert(mode)
    found = decode(encoded(image, form))
    assert found.shape == (16, 16, 3)
    assert np.abs(found.astype(int) - [204, 51, 102]).max() <= 2


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_decode_applies_the_orientation(orientation, form):
    upright = photograph()
    stored = {  # how a camera held that way stores the same scene
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: np.rot90(p, 1),
        7: lambda p: np.rot90(p.swapaxes(0, 1), 2),
        8: lambda p: np.rot90(p, -1),
    }[orientation](upright)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    options = {"quality": 100} if form in ("JPEG", "WEBP") else {}
    found = decode(encoded(Image.fromarray(stored.copy()), form, exif=exif, **options))
    assert found.shape == upright.shape
    assert np.abs(found.astype(int) - upright).mean() < 4


def test_decode_ignores_exif_that_cannot_be_parsed():
    pixels = photograph()
    data = encoded(Image.fromarray(pixels), "PNG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert np.array_equal(decode(data), pixels)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "TIFF", "PNG", "MPO"])
def test_decode_takes_the_first_frame(form):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("white", "black", "red")]
    data = encoded(frames[0], form, save_all=True, append_images=frames[1:])
    assert np.all(decode(data) >= 253)


def test_decode_refuses_a_large_header_before_decoding_and_without_a_warning():
    with pytest.raises(BadImageError, match=r"60,000 x 60,000 pixels, more than 64,000,000"):
        decode(png(60_000, 60_000, 8, 0, b"\0"), name="bomb.png")


def test_decode_refuses_a_very_long_side():
    with pytest.raises(BadImageError, match=r"70,000 x 3 pixels, a side of more than 65,535"):
        decode(png(70_000, 3, 8, 0, b"\0"), name="strip.png")


def test_decode_refuses_pixels_without_a_range(tmp_path):
    path = tmp_path / "height map.tif"
    Image.fromarray(np.zeros((4, 4), np.float32)).save(path)
    with pytest.raises(BadImageError, match=r"height map\.tif: 32-bit pixels, whose range"):
        decode(path)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"])
def test_decode_refuses_truncated_files(form):
    rng = np.random.default_rng(0)
    whole = encoded(Image.fromarray(rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)), form)
    for share in (0.1, 0.3, 0.5, 0.7, 0.9, 0.98):
        with pytest.raises(BadImageError, match="received cut"):
            decode(whole[: int(share * len(whole))], name="cut")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "an empty file", id="empty"),
        pytest.param(b"<svg/>", "not a JPEG, PNG", id="svg"),
        pytest.param(b"RIFF\0\0\0\0WAVEfmt ", "not a JPEG, PNG", id="sound"),
        pytest.param(b"P6 1 1 255\n\0\0\0", "not a JPEG, PNG", id="format-not-allowed"),
        pytest.param(b"\xff\xd8\xff\xe0", "damaged", id="only-a-start"),
    ],
)
def test_decode_refuses_other_bytes(data, reason):
    with pytest.raises(BadImageError, match=f"received odd: {reason}"):
        decode(data, name="odd")


def test_decode_names_what_is_no_regular_file(tmp_path):
    (tmp_path / "x.jpg").mkdir()
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert reason_unreadable(tmp_path / "x.jpg", in_full=False) == "a folder"
    assert reason_unreadable(tmp_path / "loop.jpg", in_full=False) == "a loop of symbolic links"
    assert reason_unreadable(tmp_path / "pipe.jpg", in_full=False) == "not a regular file"
    assert reason_unreadable(tmp_path / "none.jpg", in_full=False) == "no such file"
    assert reason_unreadable(tmp_path / "a\0b", in_full=False) == "not a possible file name"


def test_decode_refuses_huge_files_unread(tmp_path):
    path = tmp_path / "sparse.webp"
    with path.open("wb") as file:
        file.write(b"RIFF\0\0\0\0WEBP")
        file.truncate(decode_module.MAX_FILE_BYTES + 1)
    assert "bytes, more than" in str(reason_unreadable(path, in_full=False))


def test_reason_unreadable_sees_damage_after_the_header_only_in_full(tmp_path):
    path = tmp_path / "cut.jpg"
    whole = encoded(Image.fromarray(photograph(64, 64)), "JPEG")
    path.write_bytes(whole[:-40])
    assert reason_unreadable(path, in_full=False) is None
    assert "truncated" in str(reason_unreadable(path, in_full=True))


def test_messages_are_one_line_of_printable_text(tmp_path):
    path = tmp_path / "a\nb\x1b[31m.jpg"
    path.write_bytes(b"")
    with pytest.raises(BadImageError) as caught:
        decode(path)
    assert str(caught.value).isprintable()
    assert r"a\nb\x1b[31m.jpg" in str(caught.value)


def test_reduce_to_reads_a_large_jpeg_smaller():
    data = encoded(Image.fromarray(photograph(480, 640)), "JPEG", quality=95)
    assert decode(data).shape == (480, 640, 3)
    assert decode(data, reduce_to=28).shape == (60, 80, 3)
    assert decode(data, reduce_to=60).shape == (120, 160, 3)
    assert decode(data, reduce_to=120).shape == (240, 320, 3)
    assert decode(data, reduce_to=121).shape == (480, 640, 3)


def test_reduce_to_leaves_sizes_that_do_not_divide_and_other_formats():
    odd = encoded(Image.fromarray(photograph(481, 643)), "JPEG")
    assert decode(odd, reduce_to=56).shape == (481, 643, 3)
    assert (
        decode(encoded(Image.fromarray(photograph(480, 640)), "PNG"), reduce_to=28).shape[0] == 480
    )


@pytest.mark.shared
def test_reduce_to_stays_within_its_bound(shared_offline):
    from regraft.adapt.resize import resize

    side = 48
    n_reduced = 0
    for path in sorted((shared_offline / "images" / "dogs_cats" / "cat").iterdir())[:40]:
        reduced = decode(path, reduce_to=side)
        whole = decode(path)
        if reduced.shape != whole.shape:
            n_reduced += 1
            seen, exact = (resize(p, height=side, width=side) for p in (reduced, whole))
            assert np.abs(seen - exact).mean() <= 1
            assert np.abs(seen - exact).max() <= 16
    assert n_reduced >= 5


VICTIMS = {
    "jpeg": encoded(Image.fromarray(photograph()), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0"),
    "progressive": encoded(Image.fromarray(photograph()), "JPEG", progressive=True),
    "png": encoded(Image.fromarray(photograph()), "PNG"),
    "palette": encoded(Image.fromarray(photograph()).quantize(16), "PNG", transparency=3),
    "gif": encoded(Image.fromarray(photograph()), "GIF"),
    "tiff": encoded(Image.fromarray(photograph()), "TIFF", compression="tiff_lzw"),
    "bmp": encoded(Image.fromarray(photograph()), "BMP"),
    "webp": encoded(Image.fromarray(photograph()), "WEBP"),
}


def decodes_or_names_the_file(data: bytes) -> None:
    try:
        found = decode(data, name="mutant")
    except BadImageError as error:
        message = str(error)
    else:
        message = "mutant"
        assert found.dtype == np.uint8
        assert found.ndim == 3
        assert found.shape[2] in (1, 3)
        assert found.size
    assert message.isprintable()
    assert "mutant" in message


@given(
    start=st.sampled_from([b"", *(s for v in decode_module.FORMATS.values() for s in v)]),
    rest=st.binary(),
)
@settings(max_examples=300, deadline=None)
def test_random_bytes_decode_or_raise_bad_image_error(start, rest):
    decodes_or_names_the_file(start + rest)


@pytest.mark.parametrize("victim", VICTIMS)
@given(
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12),
    kept=st.floats(0.2, 1),
)
@settings(max_examples=100, deadline=None)
def test_mutated_pictures_decode_or_raise_bad_image_error(victim, edits, kept):
    data = bytearray(VICTIMS[victim])
    for place, value in edits:
        data[int(place * len(data))] = value
    decodes_or_names_the_file(bytes(data[: max(1, int(kept * len(data)))]))


@given(
    width=st.integers(0, 2**32 - 1),
    height=st.integers(0, 2**32 - 1),
    depth=st.integers(0, 16),
    colour=st.integers(0, 6),
)
@settings(max_examples=100, deadline=None)
def test_png_headers_with_good_checksums_decode_or_raise_bad_image_error(
    width, height, depth, colour
):
    decodes_or_names_the_file(png(width, height, depth, colour, b"\0\1\2"))
