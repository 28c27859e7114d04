import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from regraft.data.open import open_data
from regraft.data.source import TEST, TRAIN, VALIDATION
from regraft.errors import BadImageError, DataError, MissingFileError


def write(path: Path, *, shade: int = 0, size: tuple[int, int] = (6, 5)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade % 256, shade // 256, 7)).save(path, format="PNG")


def flat(root: Path, classes=("cat", "dog"), n: int = 3) -> Path:
    for number, name in enumerate(classes):
        for i in range(n):
            write(root / name / f"{i}.png", shade=number * n + i)
    return root


def parted(root: Path, parts=("train", "val", "test"), classes=("cat", "dog")) -> Path:
    for number, part in enumerate(parts):
        for place, name in enumerate(classes):
            for i in range(2):
                write(root / part / name / f"{i}.png", shade=number * 100 + place * 10 + i)
    return root


def test_flat_folder(tmp_path):
    images = open_data(flat(tmp_path / "pets"))
    assert images.name == "pets"
    assert images.class_names == ("cat", "dog")
    assert images.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert images.given_split is None
    assert images.uniform_shape is None
    assert images.row_names[0] == os.path.join("cat", "0.png")  # noqa: PTH118  names, not a path
    shades = [picture[0, 0, 0] for picture in images.read(np.array([5, 0]))]
    assert shades == [5, 0]


def test_pictures_of_many_sizes_and_channels(tmp_path):
    flat(tmp_path)
    Image.new("L", (9, 4)).save(tmp_path / "cat" / "gray.png")
    Image.new("RGBA", (3, 8)).save(tmp_path / "dog" / "clear.png")
    shapes = {picture.shape for picture in open_data(tmp_path).read(np.arange(8))}
    assert shapes == {(5, 6, 3), (4, 9, 1), (8, 3, 3)}


def test_class_folders_that_are_numbers_are_in_number_order(tmp_path):
    assert open_data(flat(tmp_path, ("10", "9", "-1"))).class_names == ("-1", "9", "10")


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(("train", "val", "test"), id="short"),
        pytest.param(("Training", "VALIDATION", "testing"), id="long"),
    ],
)
def test_folder_with_parts(tmp_path, parts):
    images = open_data(parted(tmp_path, parts))
    assert images.class_names == ("cat", "dog")
    assert np.bincount(images.given_split).tolist() == [4, 4, 4]
    assert set(images.given_split) == {TRAIN, VALIDATION, TEST}
    first_train = images.row_names[int(np.flatnonzero(images.given_split == TRAIN)[0])]
    assert Path(first_train).parts == (parts[0], "cat", "0.png")


def test_train_can_be_a_class(tmp_path):
    images = open_data(flat(tmp_path, ("train", "bus", "car")))
    assert images.class_names == ("bus", "car", "train")
    assert images.given_split is None


def test_what_systems_leave_behind_is_no_picture(tmp_path):
    flat(tmp_path)
    for name in ("._0.png", "Thumbs.db", ".DS_Store", "desktop.ini", "notes.txt"):
        (tmp_path / "cat" / name).write_bytes(b"\0\5\x16\7")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    write(tmp_path / "__MACOSX" / "cat" / "0.png")
    (tmp_path / "LICENSE").write_text("text")
    assert len(open_data(tmp_path)) == 6


def test_pictures_are_known_by_their_bytes_and_lie_at_any_depth(tmp_path):
    flat(tmp_path)
    write(tmp_path / "cat" / "black" / "old" / "0123abcd", shade=9)
    assert np.bincount(open_data(tmp_path).labels).tolist() == [4, 3]


def test_links_are_followed_once(tmp_path):
    flat(tmp_path / "data")
    write(tmp_path / "elsewhere" / "far.png", shade=50)
    cat = tmp_path / "data" / "cat"
    (cat / "up").symlink_to("..")
    (cat / "root").symlink_to("/")
    (cat / "here").symlink_to(".")
    (cat / "more").symlink_to(tmp_path / "elsewhere")
    (cat / "again").symlink_to(tmp_path / "elsewhere")
    images = open_data(tmp_path / "data")
    assert np.bincount(images.labels).tolist() == [4, 3]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(lambda p: p.write_bytes(b""), "an empty file", id="zero-bytes"),
        pytest.param(lambda p: p.mkdir(), "a folder", id="folder"),
        pytest.param(os.mkfifo, "not a regular file", id="pipe"),
        pytest.param(lambda p: p.symlink_to(p.name), "a loop of symbolic links", id="loop"),
        pytest.param(lambda p: p.symlink_to("none"), "no such file", id="broken-link"),
        pytest.param(lambda p: p.write_text("<html>"), "not a JPEG", id="web-page"),
    ],
)
def test_a_bad_picture_is_named_or_skipped(tmp_path, spoil, reason):
    spoil(flat(tmp_path) / "dog" / "x.JPG")
    with pytest.raises(BadImageError, match=f"dog/x.JPG: {reason}"):
        open_data(tmp_path)
    images = open_data(tmp_path, on_bad_image="skip")
    assert len(images) == 6
    assert [bad.name for bad in images.bad_images] == ["dog/x.JPG"]
    assert images.bad_images[0].reason.startswith(reason)


def test_a_truncated_picture_is_skipped_at_once_or_named_when_read(tmp_path):
    path = flat(tmp_path) / "cat" / "1.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 50), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:900])
    images = open_data(tmp_path)
    with pytest.raises(BadImageError, match=r"cat/1\.png: .*truncated"):
        images.read(np.arange(6))
    assert len(open_data(tmp_path, on_bad_image="skip").bad_images) == 1


def test_formats_not_allowed_are_never_dropped_silently(tmp_path):
    (flat(tmp_path) / "dog" / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.raises(BadImageError, match=r"dog/phone\.heic: not a JPEG"):
        open_data(tmp_path)


def test_skipping_can_leave_a_class_too_small(tmp_path):
    flat(tmp_path, n=2)
    (tmp_path / "dog" / "0.png").write_bytes(b"")
    with pytest.raises(DataError, match="fewer after 1 bad ones for dog"):
        open_data(tmp_path, on_bad_image="skip")


def test_class_names_with_any_characters(tmp_path):
    names = ("chien & chat", "猫", "<script>", "a\nb", "50% {x}", "üñ,\"'")
    images = open_data(flat(tmp_path, names))
    assert set(images.class_names) == set(names)
    assert len(images.read(np.arange(18))) == 18


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS allows only UTF-8 in file names")
def test_names_that_are_no_utf8(tmp_path):
    flat(tmp_path)
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)  # noqa: PTH102  pathlib takes no bytes
    for i in range(2):
        write(Path(os.fsdecode(folder + b"/\xff%d.png" % i)), shade=30 + i)
    images = open_data(tmp_path)
    assert images.class_names == ("caf\\xe9", "cat", "dog")
    assert "caf\\xe9/\\xff0.png" in images.row_names
    assert [name.encode() for name in images.row_names]
    assert len(images.read(np.arange(8))) == 8
    assert len(images.fingerprint()) == 64


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(
            lambda p: flat(p, ("cat",)), r"two classes; received one class \(cat\)", id="one-class"
        ),
        pytest.param(lambda p: write(flat(p) / "fox" / "0.png"), "fewer for fox", id="one-picture"),
        pytest.param(lambda p: (flat(p) / "fox").mkdir(), "none in fox", id="empty-class"),
        pytest.param(
            lambda p: write(p / "0.png"), "received 1 pictures and no sub-folder", id="loose"
        ),
        pytest.param(lambda p: p, "received 0 pictures and no sub-folder", id="empty"),
        pytest.param(
            lambda p: write(parted(p) / "train" / "fox" / "0.png"),
            "received val/ without fox",
            id="validation-lacks-a-class",
        ),
        pytest.param(
            lambda p: write(parted(p, ("train", "test")) / "test" / "fox" / "0.png"),
            "received test/ with an additional fox",
            id="test-has-another-class",
        ),
        pytest.param(
            lambda p: write(parted(p, ("train", "val")) / "test" / "0.png"),
            r"received 1 pictures and no sub-folder in .*/test",
            id="test-without-classes",
        ),
        pytest.param(
            lambda p: write(parted(p, ("train", "val", "test")) / "extra" / "0.png"),
            "received both in .*: extra",
            id="parts-and-classes",
        ),
        pytest.param(
            lambda p: [write(p / part / f"{n}.png") for part in ("train", "test") for n in (0, 1)],
            "received 2 pictures and no sub-folder in .*/train",
            id="no-class-in-any-part",
        ),
        pytest.param(
            lambda p: parted(p, ("val", "test")),
            "a folder train beside other parts; received only test, val in",
            id="nothing-to-train-on",
        ),
        pytest.param(
            lambda p: parted(p, ("train", "holdout")),
            "received both in .*: holdout",
            id="a-part-of-another-name",
        ),
        pytest.param(
            lambda p: parted(p, ("train", "val", "validation")),
            "one validation folder; received val/ and validation/",
            id="two-validation-folders",
        ),
    ],
)
def test_unusable_folders_get_one_clear_line(tmp_path, make, message):
    make(tmp_path)
    with pytest.raises(DataError, match=message) as caught:
        open_data(tmp_path)
    assert str(caught.value).isprintable()
    assert str(caught.value).startswith("expected ")


@pytest.mark.parametrize("parts", [("test",), ("val", "test")])
def test_to_be_scored_no_part_to_train_on_is_needed(tmp_path, parts):
    images = open_data(parted(tmp_path, parts), to_train=False)
    assert images.class_names == ("cat", "dog")
    assert set(images.given_split) == {("train", "val", "test").index(part) for part in parts}


def test_runs_beside_the_classes_are_no_class(tmp_path):
    flat(tmp_path)
    for file in ("model/recipe.json", "runs/pets-1/recipe.json", "more/x-1/checkpoint/run.json"):
        place = tmp_path / file
        place.parent.mkdir(parents=True)
        place.write_text("{}")
        write(place.parent / "front.png")
    assert open_data(tmp_path).class_names == ("cat", "dog")


def test_a_text_that_begins_like_a_bitmap_is_no_picture(tmp_path):
    (flat(tmp_path) / "cat" / "BMW list").write_text("BMW 320, BMW 330, BMW 340")
    assert len(open_data(tmp_path)) == 6
    Image.new("RGB", (3, 3)).save(tmp_path / "cat" / "plain", format="BMP")
    assert len(open_data(tmp_path)) == 7


def test_no_such_folder(tmp_path):
    with pytest.raises(MissingFileError, match="not found"):
        open_data(tmp_path / "none")
    with pytest.raises(
        MissingFileError, match=r"fashion-mnist, not found. Did you mean fashion_mnist"
    ):
        open_data("fashion-mnist")


def test_fingerprint_follows_contents_and_not_places(tmp_path):
    one = open_data(flat(tmp_path / "one"))
    two = open_data(flat(tmp_path / "two"))
    assert one.fingerprint() == two.fingerprint()
    write(tmp_path / "two" / "cat" / "0.png", shade=200)
    assert open_data(tmp_path / "two").fingerprint() != one.fingerprint()
    assert open_data(flat(tmp_path / "three", ("cat", "fox"))).fingerprint() != one.fingerprint()


def test_identity_of_files(tmp_path):
    flat(tmp_path)
    (tmp_path / "dog" / "copy.png").write_bytes((tmp_path / "cat" / "1.png").read_bytes())
    assert open_data(tmp_path).identity().tolist() == [0, 1, 2, 3, 4, 5, 1]


def test_take_keeps_everything_in_step(tmp_path):
    images = open_data(parted(tmp_path))
    before = images.identity()
    taken = images.take(np.array([7, 2]))
    assert taken.row_names == (images.row_names[7], images.row_names[2])
    assert taken.labels.tolist() == images.labels[[7, 2]].tolist()
    assert taken.given_split.tolist() == images.given_split[[7, 2]].tolist()
    assert np.array_equal(taken.read(np.array([1]))[0], images.read(np.array([2]))[0])
    assert (taken.identity()[0] == taken.identity()[1]) == (before[7] == before[2])


def test_the_folder_of_a_user_that_is_not_there():
    with pytest.raises(MissingFileError, match=r"~nosuchuser/pictures, whose user"):
        open_data("~nosuchuser/pictures")


def test_each_picture_is_changed_in_the_thread_that_decoded_it(tmp_path):
    for i in range(6):
        folder = tmp_path / f"class_{i % 2}"
        folder.mkdir(exist_ok=True)
        Image.new("RGB", (10 + i, 20), (i, i, i)).save(folder / f"{i}.png")
    images = open_data(tmp_path)
    rows = np.array([5, 0, 5])
    widths = images.each(rows, lambda picture: (picture.shape[1], threading.get_ident()))
    assert [width for width, _ in widths] == [len(picture[0]) for picture in images.read(rows)]
    assert threading.get_ident() not in {thread for _, thread in widths}
    assert images.pictures.most_pixels(np.arange(6)) == 15 * 20


def test_an_accent_may_be_spelled_as_one_letter_or_as_two(tmp_path):
    composed, apart = "caf\u00e9", "cafe\u0301"
    for part, name in (("train", composed), ("val", apart), ("test", composed)):
        for number in range(2):
            write(tmp_path / part / name / f"{part}{number}.png")
            write(tmp_path / part / "tea" / f"{part}{number}.png")
    assert open_data(tmp_path).class_names == (composed, "tea")
