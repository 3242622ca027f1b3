"""The file for BE-Alert and BIN-net: right columns, dead formulas, whole numbers."""

from __future__ import annotations

import csv
import dataclasses
import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import translation

from wagtail_bin.channels.base import (
    ChannelUnavailable,
    Content,
    Outcome,
    OutgoingMessage,
)
from wagtail_bin.channels.handover import (
    HEADERS,
    HandoverChannel,
    HandoverPlatform,
    HandoverRow,
    handover_file,
    handover_platforms,
    write_handover,
)
from wagtail_bin.channels.registry import get_channel

ALL = list(HEADERS)
ROW = HandoverRow(
    first_name="Zoë",
    last_name="D'hondt; van 't \"Veld\"",
    phone="+3214446220",
    mobile="+32473865387",
    email="zoe@example.org",
    street="Kapellenlei",
    number="7",
    box="bus 3",
    postcode="2920",
    locality="Kalmthout",
    language="nl",
    network="BIN Heidebeek",
)
EVIL = [
    "=1+1",
    "==1",
    "+1",
    "-1",
    "@SUM(1)",
    '=HYPERLINK("http://x")',
    "\uff1d1",
    "\uff0b1",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
]


def read_csv(source: bytes) -> list[list[str]]:
    text = source.decode("utf-8")
    assert text[0] == "\ufeff"
    return list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=";"))


def read_xlsx(source: bytes) -> list[list[Any]]:
    sheet = openpyxl.load_workbook(io.BytesIO(source)).active
    kinds = {(cell.data_type, cell.number_format) for row in sheet for cell in row}
    assert kinds <= {("s", "@"), ("n", "@")}, kinds
    return [[cell.value or "" for cell in row] for row in sheet]


READERS = {"csv": read_csv, "xlsx": read_xlsx}


@pytest.mark.parametrize("form", READERS)
def test_columns_are_as_asked_and_numbers_as_they_are_dialled(form: str) -> None:
    columns = ["mobile", "last_name", "phone", "language"]
    source = handover_file([ROW], columns, form)
    assert READERS[form](source)[1:] == [
        ["0473865387", ROW.last_name, "014446220", "nl"]
    ]


@pytest.mark.parametrize("form", READERS)
def test_every_field_can_be_a_column(form: str) -> None:
    assert [field.name for field in dataclasses.fields(HandoverRow)] == ALL
    (row,) = READERS[form](handover_file([ROW], ALL, form))[1:]
    assert row == [*dataclasses.astuple(ROW)[:2], "014446220", "0473865387",
                   *dataclasses.astuple(ROW)[4:]]  # fmt: skip


def test_a_number_abroad_begins_with_two_zeros() -> None:
    rows = [HandoverRow(mobile="+31612345678"), HandoverRow()]
    source = handover_file(rows, ["mobile"], "csv")
    assert read_csv(source)[1:] == [["0031612345678"], [""]]


@pytest.mark.parametrize(
    ("language", "headers"),
    [
        ("nl", ["Voornaam", "Gsm"]),
        ("fr", ["Prénom", "GSM"]),
        ("de", ["Vorname", "GSM"]),
        ("en", ["first name", "mobile"]),
    ],
)
def test_headers_are_in_the_language_of_the_reader(
    language: str, headers: list[str]
) -> None:
    with translation.override(language):
        source = handover_file([], ["first_name", "mobile"], "csv")
    assert [h.lower() for h in read_csv(source)[0]] == [h.lower() for h in headers]


@pytest.mark.parametrize("form", READERS)
def test_s15_no_cell_is_a_formula(form: str) -> None:
    rows = [HandoverRow(last_name=cell, street=cell, box=cell) for cell in EVIL]
    source = handover_file(rows, ["last_name", "street", "box"], form)
    for cell, row in zip(EVIL, READERS[form](source)[1:], strict=True):
        kept = cell if form == "csv" else cell.replace("\r", "\n")
        assert row == [f"'{kept}" if form == "csv" else kept] * 3


@pytest.mark.parametrize("form", READERS)
def test_s15_a_cell_stays_one_cell(form: str) -> None:
    row = HandoverRow(last_name='a";"b', street="a\nb;c", box="x\0y\x07")
    source = handover_file([row], ["last_name", "street", "box"], form)
    assert READERS[form](source)[1] == ['a";"b', "a\nb;c", "x\ufffdy\ufffd"]


def people(count: int) -> Iterator[HandoverRow]:
    for n in range(count):
        yield dataclasses.replace(ROW, last_name=f"Peeters {n}")


def peak(count: int, form: str, target: Path) -> int:
    """Bytes in use at most while so many rows are written."""
    tracemalloc.start()
    with target.open("wb") as file:
        write_handover(file, people(count), ALL, form)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("form", READERS)
def test_memory_does_not_grow_with_the_rows(form: str, tmp_path: Path) -> None:
    target = tmp_path / "file"
    peak(10, form, target)  # imports, caches
    small = peak(300, form, target)
    assert peak(2000, form, target) < small + 200_000


def test_a_file_that_is_being_written_is_not_closed() -> None:
    target = io.BytesIO()
    write_handover(target, [ROW], ["mobile"], "csv")
    assert target.getvalue().endswith(b"0473865387\r\n")


@pytest.mark.parametrize(
    ("columns", "form", "hint"),
    [
        (["mobile", "national_number"], "csv", "national_number"),
        ([], "csv", "COLUMNS"),
        (["mobile"], "pdf", "FORMAT"),
    ],
)
def test_what_cannot_be_made_is_refused_at_once(
    columns: list[str], form: str, hint: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=hint):
        handover_file([], columns, form)
    with pytest.raises(ImproperlyConfigured, match=hint):
        HandoverPlatform(label="X", columns=columns, format=form)


@pytest.fixture
def channels(settings: Any) -> None:
    settings.WAGTAIL_BIN_CHANNELS = {
        "email": "wagtail_bin.channels.memory.MemoryChannel",
        "be_alert": {
            "BACKEND": "wagtail_bin.channels.handover.HandoverChannel",
            "OPTIONS": {
                "LABEL": "BE-Alert",
                "COLUMNS": ["mobile", "language"],
                "FORMAT": "csv",
                "SMS_PARTS": 2,
            },
        },
        "bin_net": {
            "BACKEND": "wagtail_bin.channels.handover.HandoverChannel",
            "OPTIONS": {"LABEL": "BIN-net"},
        },
    }


@pytest.mark.usefixtures("channels")
def test_platforms_are_channels_of_the_project() -> None:
    first, second = handover_platforms()
    assert first == HandoverPlatform(
        name="be_alert",
        label="BE-Alert",
        columns=["mobile", "language"],
        format="csv",
        sms_parts=2,
        voice_seconds=60,
    )
    assert (second.name, second.format, second.sms_parts) == ("bin_net", "xlsx", 1)


@pytest.mark.usefixtures("channels")
def test_a_handover_is_never_sent_by_itself() -> None:
    channel = get_channel("be_alert")
    with pytest.raises(ChannelUnavailable) as caught, channel:
        pass
    assert caught.value.code == "by_hand"
    message = OutgoingMessage("1.1.x", "+32473865387", Content(text="x"))
    receipt = channel.send(message)
    assert (receipt.outcome, receipt.code) == (Outcome.RETRY, "by_hand")
    assert receipt.is_channel_wide


def test_a_platform_needs_a_name_for_people() -> None:
    with pytest.raises(ImproperlyConfigured, match="label"):
        HandoverChannel()
