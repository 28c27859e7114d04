"""Manifests: a .csv or .parquet table of path, label, and optionally split and group."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from regraft.data.folders import PART_FOLDERS
from regraft.data.labels import label_values, numbered, sorted_classes
from regraft.data.pictures import FilePictures
from regraft.data.source import ImageSet
from regraft.data.text import as_text, listed, shown
from regraft.errors import DataError, expected_received
from regraft.records import IntArray

MANIFEST_ENDINGS = (".csv", ".parquet")
COLUMNS = ("path", "label", "split", "group")
DELIMITERS = (",", ";", "\t")

Table = dict[str, list[object]]


def from_manifest(path: Path) -> ImageSet:
    """An `ImageSet` over the files a table names; relative paths start at its folder.

    Column names are told apart without regard to case; columns of other names say nothing.

    Raises:
        DataError: When the table is damaged, a needed column is missing, or a path, label, split
            or group is missing in a row. Rows are counted from 0, the header not counted.
    """
    table = _parquet(path) if path.suffix.casefold() == ".parquet" else _csv(path)
    names = _texts(table["path"], f"a path in {path.name}")
    labels = label_values(table["label"], what=path.name)
    class_names = sorted_classes(labels)
    paths = [path.parent / name for name in names]
    row_names = tuple(as_text(name) for name in names)
    return ImageSet(
        name=as_text(path.name),
        class_names=class_names,
        labels=numbered(labels, class_names),
        pictures=FilePictures(paths, row_names),
        given_split=_split(table["split"], path) if "split" in table else None,
        groups=_groups(table["group"], path) if "group" in table else None,
        row_names=row_names,
    )


def _csv(path: Path) -> Table:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            delimiter = max(DELIMITERS, key=header.count)
            columns = [
                name.strip().casefold()
                for name in next(csv.reader([header], delimiter=delimiter), [])
            ]
            read = csv.reader(file, delimiter=delimiter, strict=True, skipinitialspace=True)
            rows = [row for row in read if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        received = f"{path}: {error}"
        raise DataError(expected_received("a .csv file in UTF-8", received)) from error
    _require_columns(columns, path)
    uneven = [f"row {number}" for number, row in enumerate(rows) if len(row) != len(columns)]
    if uneven:
        received = f"another number in {listed(uneven)} of {path.name} (counted from 0)"
        step = "Quote values that hold the delimiter."
        raise DataError(expected_received(f"{len(columns)} values a row", received, step))
    return {
        column: [row[place].strip() for row in rows]
        for place, column in enumerate(columns)
        if column in COLUMNS
    }


def _parquet(path: Path) -> Table:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            present = {name.casefold(): name for name in file.schema_arrow.names}
            _require_columns(list(present), path)
            wanted = {column: present[column] for column in COLUMNS if column in present}
            table = file.read(columns=list(wanted.values()))
            return {column: table.column(name).to_pylist() for column, name in wanted.items()}
    except (pa.ArrowException, OSError) as error:
        received = f"{path}: {shown(str(error))}"
        raise DataError(expected_received("a .parquet file", received)) from error


def _require_columns(columns: list[str], path: Path) -> None:
    if not {"path", "label"} <= set(columns):
        received = f"{path.name} with {listed(columns) or 'no column'}"
        raise DataError(expected_received("columns path, label[, split][, group]", received))


def _texts(values: Sequence[object], what: str) -> list[str]:
    bad = [
        f"row {row}" for row, value in enumerate(values) if not isinstance(value, str) or not value
    ]
    if bad:
        raise DataError(
            expected_received(f"{what} in every row", f"none in {listed(bad)} (counted from 0)")
        )
    return [value for value in values if isinstance(value, str)]


def _split(values: Sequence[object], path: Path) -> IntArray:
    numbers = [PART_FOLDERS.get(str(value).strip().casefold()) for value in values]
    bad = [row for row, number in enumerate(numbers) if number is None]
    if bad:
        received = (
            f"{values[bad[0]]!r:.60} in {listed([f'row {row}' for row in bad])} of {path.name}"
        )
        raise DataError(expected_received("train, validation or test in split", received))
    return np.array(numbers, np.int64)


def _groups(values: Sequence[object], path: Path) -> IntArray:
    empty = [f"row {row}" for row, value in enumerate(values) if value is None or value == ""]
    if empty:
        received = f"none in {listed(empty)} of {path.name} (counted from 0)"
        step = "Give pictures that belong to no other a group of their own."
        raise DataError(expected_received("a group in every row", received, step))
    texts = [str(value) for value in values]
    return numbered(texts, sorted(set(texts)))
