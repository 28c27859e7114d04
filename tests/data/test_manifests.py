from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from regraft.data.open import open_data
from regraft.errors import BadImageError, DataError

ROWS = [
    ("a/0.png", "cat", "train", "g1"),
    ("a/1.png", "cat", "val", "g2"),
    ("b,c/2.png", "dog", "train", "g1"),
    ("b,c/3.png", "dog", "test", "g3"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for shade, (name, *_) in enumerate(ROWS):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.new("L", (4, 4), shade).save(path)
    return tmp_path


def write_csv(folder: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path = folder / "pictures.csv"
    path.write_bytes(text.encode(encoding))
    return path


def table(*columns: int, header: str, rows=ROWS, delimiter: str = ",") -> str:
    lines = [[f'"{row[column]}"' for column in columns] for row in rows]
    return "\n".join([header, *(delimiter.join(line) for line in lines)]) + "\n"


def test_csv_with_all_columns(folder):
    images = open_data(write_csv(folder, table(0, 1, 2, 3, header="path,label,split,group")))
    assert images.name == "pictures.csv"
    assert images.class_names == ("cat", "dog")
    assert images.labels.tolist() == [0, 0, 1, 1]
    assert images.given_split.tolist() == [0, 1, 0, 2]
    assert images.groups.tolist() == [0, 1, 0, 2]
    assert images.row_names == tuple(row[0] for row in ROWS)
    assert [int(p[0, 0, 0]) for p in images.read(np.arange(4))] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        pytest.param(table(1, 0, header="label,path"), "utf-8", id="other-order"),
        pytest.param(table(0, 1, header="Path, LABEL"), "utf-8", id="case-and-space"),
        pytest.param(table(0, 1, header="path,label"), "utf-8-sig", id="byte-order-mark"),
        pytest.param(
            'path, label\na/0.png, cat\n a/1.png,cat\n"b,c/2.png",dog \n"b,c/3.png", "dog"\n',
            "utf-8",
            id="blanks-around-values",
        ),
        pytest.param(table(0, 1, header="path;label", delimiter=";"), "utf-8", id="semicolons"),
        pytest.param(table(0, 1, header="path\tlabel", delimiter="\t"), "utf-8", id="tabs"),
        pytest.param(table(0, 1, header="path,label").replace("\n", "\r\n"), "utf-8", id="windows"),
        pytest.param(table(0, 1, header='"path","label"') + "\n\n", "utf-8", id="quoted-and-blank"),
        pytest.param(table(0, 1, 3, header="path,label,weather"), "utf-8", id="unknown-column"),
    ],
)
def test_csv_in_many_forms(folder, text, encoding):
    images = open_data(write_csv(folder, text, encoding=encoding))
    assert images.class_names == ("cat", "dog")
    assert images.labels.tolist() == [0, 0, 1, 1]
    assert images.given_split is None
    assert images.groups is None


def test_absolute_paths(folder):
    rows = [(str(folder / row[0]), *row[1:]) for row in ROWS]
    images = open_data(write_csv(folder, table(0, 1, header="path,label", rows=rows)))
    assert len(images.read(np.arange(4))) == 4


def test_number_labels_are_in_number_order(folder):
    rows = [(row[0], label) for row, label in zip(ROWS, ["10", "9", "9", "10"], strict=True)]
    images = open_data(write_csv(folder, table(0, 1, header="path,label", rows=rows)))
    assert images.class_names == ("9", "10")
    assert images.labels.tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param(pa.array(["x", "y", "x", "y"]), id="text"),
        pytest.param(pa.array(["x", "y", "x", "y"]).dictionary_encode(), id="categories"),
        pytest.param(pa.array([3, 20, 3, 20]), id="whole-numbers"),
        pytest.param(pa.array([3.0, 20.0, 3.0, 20.0]), id="whole-floats"),
    ],
)
def test_parquet(folder, labels):
    columns = {"Path": [row[0] for row in ROWS], "label": labels, "group": [5, 5, 6, 7]}
    parquet.write_table(pa.table(columns), folder / "pictures.parquet")
    images = open_data(folder / "pictures.parquet")
    assert images.class_names in (("x", "y"), ("3", "20"))
    assert images.labels.tolist() == [0, 1, 0, 1]
    assert images.groups.tolist() == [0, 0, 1, 2]


def test_parquet_with_missing_labels(folder):
    columns = {"path": [row[0] for row in ROWS], "label": ["x", None, "y", "y"]}
    parquet.write_table(pa.table(columns), folder / "pictures.parquet")
    with pytest.raises(DataError, match="received None in row 1"):
        open_data(folder / "pictures.parquet")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "received pictures.csv with no column", id="empty"),
        pytest.param("path,label\n", "received none in pictures.csv", id="no-rows"),
        pytest.param("file,class\na,b\n", "with file, class", id="other-columns"),
        pytest.param("path,label\na/0.png,\na/1.png,x\n", "'' in row 0", id="label-missing"),
        pytest.param("path,label\n,x\n", "none in row 0", id="path-missing"),
        pytest.param("path,label\na/0.png\n", "2 values a row; .* in row 0", id="short-row"),
        pytest.param("path,label\nb,c/2.png,dog\n", "Quote values", id="unquoted-delimiter"),
        pytest.param(
            "path,label,split\na/0.png,x,holdout\n", "'holdout' in row 0", id="unknown-part"
        ),
        pytest.param("path,label,group\na/0.png,x,\n", "a group in every row", id="group-missing"),
        pytest.param('path,label\n"a/0.png,x\n', r"a \.csv file in UTF-8", id="open-quote"),
        pytest.param(
            "path,label,split\na/0.png,x,train\na/1.png,x,train\nb,y,test\nb,y,test\n",
            "none in the train part of pictures.csv for y",
            id="class-without-training-pictures",
        ),
    ],
)
def test_unusable_manifests_get_one_clear_line(folder, text, message):
    path = write_csv(folder, text)
    Image.new("L", (4, 4)).save(folder / "b", format="PNG")
    with pytest.raises(DataError, match=message) as caught:
        open_data(path)
    assert str(caught.value).isprintable()


def test_csv_that_is_no_utf8(folder):
    with pytest.raises(DataError, match=r"a \.csv file in UTF-8"):
        open_data(write_csv(folder, "path,label\na/0.png,é\n", encoding="latin-1"))


def test_parquet_that_is_none(folder):
    (folder / "x.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"a \.parquet file"):
        open_data(folder / "x.parquet")


def test_a_file_that_is_not_there_is_named_or_skipped(folder):
    path = write_csv(folder, table(0, 1, header="path,label") + "a/none.png,cat\n")
    with pytest.raises(BadImageError, match=r"received a/none\.png: no such file"):
        open_data(path)
    assert [bad.name for bad in open_data(path, on_bad_image="skip").bad_images] == ["a/none.png"]
