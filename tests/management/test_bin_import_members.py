"""The command: what it prints, and how it ends."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from tests.factories import NetworkFactory
from wagtail_bin.models import Consent, Member, MemberImport, Network

LIST = (
    "Voornaam;Naam;E-mailadres;GSM-nummer\n"
    "An;Peeters;an@example.org;473865387\n"
    "Bob;Wouters;;0473/11.22.33\n"
    "Cis;Janssens;geen adres;\n"
)


@pytest.fixture
def network(db: Any) -> Network:
    return NetworkFactory(slug="heide")


@pytest.fixture
def member_list(tmp_path: Path) -> Path:
    path = tmp_path / "leden.csv"
    path.write_text(LIST, encoding="utf-8")
    return path


def run(*args: object) -> str:
    out = io.StringIO()
    with translation.override("en"):
        call_command("bin_import_members", *map(str, args), stdout=out)
    return out.getvalue()


def test_counts_and_refused_rows_are_printed_without_personal_data(
    network: Network, member_list: Path
) -> None:
    out = run(member_list, "--network", "heide", "--basis", "enrolment")
    assert "New: 2. Changed: 0. Already there: 0." in out
    assert "Refused: 1." in out
    assert "line 4, e-mail: This is not an e-mail address." in out
    assert "Janssens" not in out
    assert "geen adres" not in out
    assert Member.objects.filter(state=Member.State.ACTIVE).count() == 2
    assert Consent.objects.count() == 1


def test_importing_twice_changes_nothing_and_says_so(
    network: Network, member_list: Path
) -> None:
    run(member_list, "--network", "heide")
    before = list(Member.objects.order_by("pk").values())
    out = run(member_list, "--network", "heide")
    assert "New: 0. Changed: 0. Already there: 2." in out
    assert "The list of members is unchanged." in out
    assert list(Member.objects.order_by("pk").values()) == before


def test_a_dry_run_writes_nothing(network: Network, member_list: Path) -> None:
    out = run(member_list, "--network", "heide", "--dry-run")
    assert "New: 2." in out
    assert "this was a dry run" in out
    assert not Member.objects.exists()
    assert not MemberImport.objects.exists()


def test_without_a_basis_members_stay_unconfirmed(
    network: Network, member_list: Path
) -> None:
    run(member_list, "--network", "heide")
    states = set(Member.objects.values_list("state", flat=True))
    assert states == {Member.State.UNCONFIRMED}
    assert not Consent.objects.exists()


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_refused_rows_are_written_to_a_workbook(
    network: Network, member_list: Path, tmp_path: Path, dry: list[str]
) -> None:
    target = tmp_path / "refused.xlsx"
    run(member_list, "--network", "heide", "--refused", target, *dry)
    sheet = openpyxl.load_workbook(target).active
    header, row = sheet.iter_rows(values_only=True)
    assert header[2:] == ("Voornaam", "Naam", "E-mailadres", "GSM-nummer")
    assert row[:4] == ("4", "e-mail: This is not an e-mail address.", "Cis", "Janssens")


def test_an_unknown_network_lists_those_that_are_known(
    network: Network, member_list: Path
) -> None:
    with pytest.raises(CommandError, match="There is no BIN elders.*heide"):
        run(member_list, "--network", "elders")


def test_a_rejected_file_is_an_error(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "leeg.csv"
    path.write_bytes(b"")
    with pytest.raises(CommandError, match="This file is empty"):
        run(path, "--network", "heide")
    with pytest.raises(CommandError, match="cannot be read"):
        run(tmp_path / "weg.csv", "--network", "heide")
