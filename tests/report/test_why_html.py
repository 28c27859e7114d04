import dataclasses
import io
import re

import numpy as np
import pytest
from diagnoses import RESIZED, diagnosis, failure, pictures
from PIL import Image

from regraft.diagnose.as_json import as_json
from regraft.report.png import png
from regraft.report.why_html import why_page


def page(found, **options) -> str:
    return why_page(as_json(found), **options)


@pytest.mark.parametrize(
    "shape", [pytest.param((1, 1, 3), id="one-pixel"), pytest.param((7, 5, 3), id="odd")]
)
def test_png_holds_the_pixels(shape):
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    with Image.open(io.BytesIO(png(picture))) as held:
        np.testing.assert_array_equal(np.array(held), picture)


def test_the_page_is_whole_and_loads_nothing():
    text = page(diagnosis(), pictures=pictures(), captions=("5", "0", "4"))
    assert text.startswith("<!doctype html>")
    assert "default-src 'none'" in text
    addresses = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert addresses
    assert all(address.startswith("data:image/png;base64,") for address in addresses)
    assert "<script" not in text


def test_the_same_diagnosis_gives_the_same_bytes():
    assert page(diagnosis(), pictures=pictures()) == page(diagnosis(), pictures=pictures())


def test_every_part_is_there():
    text = page(diagnosis(), pictures=pictures())
    for fact in (
        "GEO001 np-resize-scrambles-pictures",
        "costs 0.88 [0.82, 0.90]",
        "train.py:11",
        "As they reach the network",
        '<span class="removed">-x = np.resize(x)</span>',
        "reported 0.11, really 0.97",
        "SHF001, SHF002",
        "3,000 of 60,000 rows were used.",
    ):
        assert fact in text


def test_what_the_script_says_is_text_and_not_markup():
    evil = dataclasses.replace(
        RESIZED, because="<script>alert(1)</script>", patch="+<img src=x onerror=y>\n"
    )
    text = page(
        diagnosis(findings=(evil,)), pictures=pictures(), captions=("<b>",)
    )  # fmt: skip
    assert "<script" not in text
    assert "<img src=x" not in text
    assert "&lt;b&gt;" in text


def test_a_failure_has_a_page_with_its_traceback():
    text = page(failure())
    assert "How the script failed" in text
    assert "ValueError: no such" in text
