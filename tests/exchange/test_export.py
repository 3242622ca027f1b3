"""Members as a file: safe, small in memory, logged, and read back as they went."""

from __future__ import annotations

import csv
import io
import tracemalloc
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from wagtail.models import ModelLogEntry

from tests.factories import MandateFactory, MemberFactory, NetworkFactory
from wagtail_bin import audit
from wagtail_bin.exceptions import NotAllowed
from wagtail_bin.exchange import export
from wagtail_bin.exchange.export import COLUMNS, ExportFormat, export_members
from wagtail_bin.exchange.formats import open_list
from wagtail_bin.exchange.plan import Planner
from wagtail_bin.models import ImportRow, Member, Network, Role

pytestmark = pytest.mark.django_db
CSV, XLSX = ExportFormat


@pytest.fixture
def network() -> Network:
    return NetworkFactory(name="BIN Heide")


@pytest.fixture
def user(network: Network) -> Any:
    return MandateFactory(network=network, role=Role.COORDINATOR).user


def export_to(user: Any, file_format: ExportFormat, *columns: str) -> bytes:
    target = io.BytesIO()
    export_members(
        members=Member.objects.all(),
        columns=columns or list(COLUMNS),
        file_format=file_format,
        target=target,
        user=user,
    )
    return target.getvalue()


def cells_of(content: bytes, file_format: ExportFormat) -> list[list[str]]:
    if file_format is CSV:
        text = content.decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert not any(cell.data_type == "f" for row in sheet for cell in row)
    return [[cell.value or "" for cell in row] for row in sheet]


def test_csv_is_utf_8_with_a_mark_and_semicolons(user: Any, network: Network) -> None:
    MemberFactory(network=network, first_name="Zoë", last_name="Weiß; van B.")
    with translation.override("en"):
        content = export_to(user, CSV, "last_name", "first_name")
    assert content.startswith(b"\xef\xbb\xbflast name;first name\r\n")
    assert content.decode("utf-8-sig").endswith('"Weiß; van B.";Zoë\r\n')


@pytest.mark.parametrize("file_format", list(ExportFormat))
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\uff1d"])
def test_s25_no_cell_becomes_a_formula(
    user: Any, network: Network, file_format: ExportFormat, start: str
) -> None:
    evil = f'{start}HYPERLINK("http://evil.example")'
    member = MemberFactory(network=network)
    Member.objects.filter(pk=member.pk).update(
        last_name=evil, street=evil, number=start, house_rules_version=start
    )
    network.name = evil[:100]
    network.save()
    _header, line = cells_of(export_to(user, file_format), file_format)
    if file_format is CSV:
        assert not [cell for cell in line if cell.lstrip().startswith(start.strip())]
        assert line.count("'" + evil) == 3
    else:
        # Marked as text, so that it may stay as it is.
        assert [cell.strip() for cell in line].count(evil.strip()) == 3


def test_s25_no_header_becomes_a_formula(
    user: Any, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    MemberFactory(network=network)
    evil = export.Column("=1+1", lambda member: "x")
    monkeypatch.setitem(COLUMNS, "last_name", evil)
    assert cells_of(export_to(user, CSV, "last_name"), CSV)[0] == ["'=1+1"]
    content = export_to(user, XLSX, "last_name")
    cell = openpyxl.load_workbook(io.BytesIO(content)).active["A1"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


@pytest.mark.parametrize("file_format", list(ExportFormat))
@pytest.mark.parametrize(
    ("e164", "written"),
    [
        ("+32473865387", "0473 86 53 87"),
        ("+31612345678", "0031 6 12345678"),
        ("", ""),
    ],
)
def test_numbers_stay_numbers_that_can_be_dialled(
    user: Any, network: Network, file_format: ExportFormat, e164: str, written: str
) -> None:
    MemberFactory(network=network, mobile=e164)
    rows = cells_of(export_to(user, file_format, "email", "mobile"), file_format)
    assert rows[1][1] == written


@pytest.mark.parametrize("file_format", list(ExportFormat))
@pytest.mark.parametrize("language", ["nl", "fr", "de", "en"])
def test_a_file_that_comes_back_changes_nothing(
    user: Any, network: Network, file_format: ExportFormat, language: str
) -> None:
    MemberFactory(
        network=network,
        street="Dorpsstraat",
        number="12",
        box="3",
        postcode="2920",
        locality="Kalmthout",
        mobile="+32473865387",
        phone="+31101234567",
    )
    MemberFactory(network=network, first_name="", last_name="", organisation="Bakker")
    with translation.override(language):
        content = export_to(user, file_format)
        members = open_list(content)
        batches = Planner(network).batches(members.lines(), members.mapping.fields)
        rows = [row for batch in batches for row in batch]
    assert [row.kind for row in rows] == [ImportRow.Kind.SAME] * 2


def test_p18_an_export_is_logged_per_network_without_what_it_holds(
    user: Any, network: Network
) -> None:
    second = MandateFactory(user=user, role=Role.DEPUTY_COORDINATOR).network
    MemberFactory.create_batch(2, network=network, last_name="Geheim")
    MemberFactory(network=second)
    MemberFactory()
    assert len(cells_of(export_to(user, CSV, "last_name", "mobile"), CSV)) == 4
    entries = ModelLogEntry.objects.filter(action=audit.EXPORT_MEMBERS)
    rows = {entry.object_id: entry.data["rows"] for entry in entries}
    assert rows == {str(network.pk): 2, str(second.pk): 1}
    entry = entries.get(object_id=str(network.pk))
    assert (entry.user, entry.data["columns"]) == (user, ["last_name", "mobile"])
    assert "Geheim" not in f"{entry.data}{entry.label}"
    with translation.override("en"):
        assert str(entry.message) == "Exported 2 members as CSV: last_name, mobile"


def test_only_members_that_one_may_export_are_exported(network: Network) -> None:
    MemberFactory(network=network)
    for role in (Role.WEB_EDITOR, Role.MANDATED_OFFICER):
        stranger = MandateFactory(network=network, role=role).user
        with pytest.raises(NotAllowed):
            export_to(stranger, CSV)
    assert not ModelLogEntry.objects.filter(action=audit.EXPORT_MEMBERS).exists()


@pytest.mark.parametrize("columns", [[], ["last_name", "name_key"]])
def test_unknown_columns_are_refused(
    user: Any, network: Network, columns: list[str]
) -> None:
    with pytest.raises(ValueError, match="columns"):
        export_members(
            members=Member.objects.all(),
            columns=columns,
            file_format=CSV,
            target=io.BytesIO(),
            user=user,
        )


def test_queries_grow_with_the_chunks_and_memory_not_at_all(
    user: Any, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "CHUNK", 200)

    def add(number: int) -> None:
        members = [
            Member(network=network, last_name=f"N{i}", email=f"n{i}@example.org")
            for i in range(number)
        ]
        Member.objects.bulk_create(members)

    def measured(*columns: str) -> tuple[int, int]:
        tracemalloc.start()
        with CaptureQueriesContext(connection) as queries:
            export_to(user, CSV, *columns)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return len(queries), most

    add(150)
    measured()
    few, little = measured("last_name", "network")
    few_with_reach, _most = measured()
    add(2000)
    many, much = measured("last_name", "network")
    many_with_reach, _most = measured()
    # Ten more chunks: one query each, and one per channel for what reaches.
    assert many == few + 10
    assert many_with_reach == few_with_reach + 20
    assert much < 3 * little
