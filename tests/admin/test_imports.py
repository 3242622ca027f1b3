"""Importing in the Wagtail admin: upload, columns, plan, progress, result, undo."""

from __future__ import annotations

import datetime as dt
import io
import re
import uuid
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from tests.factories import MandateFactory, MemberFactory, NetworkFactory, UserFactory
from wagtail_bin import audit
from wagtail_bin.admin.imports import plan, rows
from wagtail_bin.admin.imports.columns import letter_of
from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange import control, jobs, uploads
from wagtail_bin.models import (
    ColumnMapping,
    Consent,
    ImportRow,
    Member,
    MemberImport,
    Network,
    Role,
)

State = MemberImport.State
LIST = (
    "Voornaam;Naam;E-mailadres;GSM-nummer;Hobby\n"
    "An;Peeters;an@example.org;473865387;schaken\n"
    "Bob;<script>alert(1)</script>;;0473/11.22.33;\n"
    "Cis;Janssens;geen adres;;\n"
)
SCREENS = [
    ("columns", "get"),
    ("columns", "post"),
    ("plan", "get"),
    ("rows", "get"),
    ("start", "post"),
    ("cancel", "post"),
    ("progress", "get"),
    ("result", "get"),
    ("refused", "get"),
    ("undo", "get"),
    ("undo", "post"),
]


@pytest.fixture
def network(db: Any) -> Network:
    return NetworkFactory(name="BIN Heide")


@pytest.fixture
def coordinator(network: Network) -> Any:
    return MandateFactory(network=network).user


@pytest.fixture
def admin(client: Client, coordinator: Any) -> Client:
    coordinator.wagtail_userprofile = _english(coordinator)
    client.force_login(coordinator)
    return client


@pytest.fixture
def by_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every list is large: the work is left to a worker, whom the test plays."""
    monkeypatch.setattr(uploads, "SMALL", 0)
    monkeypatch.setattr(control, "SMALL", 0)


def _english(user: Any) -> Any:
    from wagtail.users.models import UserProfile

    return UserProfile.objects.create(user=user, preferred_language="en")


def url(name: str, *args: object) -> str:
    return reverse(f"wagtail_bin_admin:import_{name}", args=args)


def upload(
    client: Client, network: Network, source: bytes | str = LIST, **kwargs: Any
) -> Any:
    content = source.encode() if isinstance(source, str) else source
    file = SimpleUploadedFile("leden.csv", content)
    return client.post(url("upload"), {"network": network.pk, "file": file}, **kwargs)


def newest() -> MemberImport:
    return MemberImport.objects.latest("uploaded_at")


def choose(
    client: Client,
    one: MemberImport,
    basis: str = "enrolment",
    policy: str = "update",
    **changes: Any,
) -> Any:
    """The form as the browser would send it back, with some answers changed."""
    columns = {f"column-{n}": f for n, f in enumerate(one.mapping["fields"])}
    data = {"sheet": one.mapping["sheet"], "policy": policy, **columns, **changes}
    return client.post(
        url("columns", one.pk), data | ({"basis": basis} if basis else {})
    )


def planned(
    client: Client, network: Network, source: bytes | str = LIST, **kwargs: Any
) -> MemberImport:
    upload(client, network, source)
    one = newest()
    assert choose(client, one, **kwargs).url == url("plan", one.pk)
    return one


def imported(
    client: Client, network: Network, source: bytes | str = LIST, **kwargs: Any
) -> MemberImport:
    one = planned(client, network, source, **kwargs)
    assert client.post(url("start", one.pk)).url == url("result", one.pk)
    one.refresh_from_db()
    return one


def html_of(client: Client, name: str, one: MemberImport, query: str = "") -> str:
    response = client.get(url(name, one.pk) + query)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return response.content.decode()


def test_upload_columns_plan_import_result(admin: Client, network: Network) -> None:
    known = MemberFactory(
        network=network, first_name="An", last_name="Peeters", email="an@example.org"
    )
    gone = MemberFactory(network=network, first_name="Weg", last_name="Wouters")
    response = upload(admin, network)
    one = MemberImport.objects.get()
    assert response.url == url("columns", one.pk)
    assert bytes(one.content) == LIST.encode()

    html = html_of(admin, "columns", one)
    assert "E. Hobby" in html
    assert "schaken" in html
    assert '<option value="mobile" selected>' in html

    assert choose(admin, one).url == url("plan", one.pk)
    html = html_of(admin, "plan", one)
    assert "Import 2 members" in html
    assert "0473 86 53 87" in html
    assert "This is not an e-mail address." in html
    assert "<script>alert" not in html
    assert gone.full_name in html
    assert Member.objects.count() == 2

    response = admin.post(url("start", one.pk))
    assert response.url == url("result", one.pk)
    html = html_of(admin, "result", one)
    assert "leden.csv was imported into BIN Heide" in html
    assert "This is not an e-mail address." in html
    assert gone.full_name in html
    known.refresh_from_db()
    assert known.mobile == "+32473865387"
    assert Member.objects.get(first_name="Bob").state == Member.State.ACTIVE
    one.refresh_from_db()
    assert (one.created, one.updated, one.refused, one.missing) == (1, 1, 1, 1)
    assert one.content is None

    entry = ModelLogEntry.objects.get(action=audit.IMPORT)
    assert "Peeters" not in f"{entry.label}{entry.data}"
    assert "leden.csv" in admin.get(url("upload")).content.decode()


def test_columns_are_corrected_and_remembered(admin: Client, network: Network) -> None:
    source = "Wie;Hoe;Nog\nAn Peeters;an@example.org;0473865387\n"
    upload(admin, network, source)
    one = newest()
    response = choose(admin, one, **{"column-0": ""})
    assert "Choose which column holds the names." in response.content.decode()
    response = choose(admin, one, **{"column-0": "email", "column-1": "email"})
    assert "Two columns are chosen as" in response.content.decode()
    assert not ColumnMapping.objects.exists()
    answer = {"column-0": "full_name", "column-1": "email", "column-2": ""}
    assert choose(admin, one, **answer).url == url("plan", one.pk)
    admin.post(url("start", one.pk))
    assert Member.objects.get().mobile == ""

    upload(admin, network, source.replace("Peeters", "Claes"))
    html = html_of(admin, "columns", newest())
    assert "for an earlier list of this BIN" in html
    assert '<option value="full_name" selected>' in html
    assert newest().mapping["fields"] == ["full_name", "email", ""]


def test_a_column_that_cannot_be_chosen_is_an_error_beside_it(
    admin: Client, network: Network
) -> None:
    upload(admin, network)
    html = choose(admin, newest(), **{"column-4": "state"}).content.decode()
    assert re.search(r"error-message[^<]*>Select a valid choice", html)
    assert newest().state == State.UPLOADED


def test_another_sheet_is_read(admin: Client, network: Network) -> None:
    book = openpyxl.Workbook()
    book.active.title = "2025"
    book.active.append(["Naam", "E-mail"])
    book.active.append(["An Peeters", "an@example.org"])
    other = book.create_sheet("2026 <b>")
    other.append(["E-mail", "Voornaam", "Naam"])
    other.append(["bob@example.org", "Bob", "Maes"])
    target = io.BytesIO()
    book.save(target)
    upload(admin, network, target.getvalue())
    one = newest()
    assert "an@example.org" in html_of(admin, "columns", one)
    html = html_of(admin, "columns", one, "?sheet=2026+%3Cb%3E")
    assert "bob@example.org" in html
    answer = {"column-0": "email", "column-1": "first_name", "column-2": "last_name"}
    response = choose(admin, one, sheet="2026 <b>", **answer)
    assert response.url == url("plan", one.pk)
    admin.post(url("start", one.pk))
    assert Member.objects.get().first_name == "Bob"

    upload(admin, network, target.getvalue())
    response = admin.get(url("columns", newest().pk) + "?sheet=nowhere", follow=True)
    assert "no visible sheet of the name" in response.content.decode()


def test_a_plan_is_made_anew_on_other_terms(admin: Client, network: Network) -> None:
    MemberFactory(
        network=network, first_name="An", last_name="Peeters", email="an@example.org"
    )
    one = planned(admin, network, policy="skip", basis="none")
    html = html_of(admin, "plan", one)
    assert "Import 1 member" in html
    assert "They stay as they are. Only new members are added." in html
    assert "1 row differs from the list" in html
    html = html_of(admin, "columns", one)
    assert re.search(r'value="skip"[^>]* checked', html)
    assert re.search(r'value="none"[^>]* checked', html)
    assert choose(admin, one).url == url("plan", one.pk)
    assert "Import 2 members" in html_of(admin, "plan", one)


def test_a_second_confirmation_does_nothing(admin: Client, network: Network) -> None:
    one = planned(admin, network)
    for _press in range(2):
        assert admin.post(url("start", one.pk)).url == url("result", one.pk)
    assert Member.objects.count() == 2
    assert Consent.objects.count() == 1
    assert one.rows.filter(kind="refused").count() == 1
    assert ModelLogEntry.objects.filter(action=audit.IMPORT).count() == 1
    assert admin.get(url("plan", one.pk)).url == url("result", one.pk)


def test_the_same_list_again_says_that_nothing_changes(
    admin: Client, network: Network
) -> None:
    imported(admin, network)
    one = planned(admin, network)
    html = html_of(admin, "plan", one)
    assert "Importing this list changes nothing" in html
    assert url("start", one.pk) not in html
    admin.post(url("start", one.pk))
    assert "The list of members is unchanged." in html_of(admin, "result", one)


def test_cancel_erases_the_upload(admin: Client, network: Network) -> None:
    one = planned(admin, network)
    assert admin.get(url("cancel", one.pk)).status_code == 405
    assert admin.post(url("cancel", one.pk)).url == url("upload")
    assert not MemberImport.objects.exists()
    assert not ImportRow.objects.exists()
    assert not Member.objects.exists()


def test_cancel_after_importing_keeps_the_record(
    admin: Client, network: Network
) -> None:
    one = imported(admin, network)
    assert admin.post(url("cancel", one.pk)).url == url("result", one.pk)
    assert MemberImport.objects.filter(pk=one.pk).exists()


@pytest.mark.parametrize("confirmed", [False, True])
def test_refused_rows_are_downloaded_corrected_and_sent_again(
    admin: Client, network: Network, confirmed: bool
) -> None:
    one = (imported if confirmed else planned)(admin, network)
    response = admin.get(url("refused", one.pk))
    assert response["Content-Disposition"] == 'attachment; filename="refused-rows.xlsx"'
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    sheet = book.active
    assert sheet.max_row == 2
    sheet["E2"] = "cis@example.org"
    target = io.BytesIO()
    book.save(target)
    again = planned(admin, network, target.getvalue())
    html = html_of(admin, "columns", again)
    assert "reason" not in html
    assert "Import 1 member" in html_of(admin, "plan", again)
    admin.post(url("start", again.pk))
    assert Member.objects.filter(email="cis@example.org").exists()


def test_p02_the_basis_must_be_chosen(admin: Client, network: Network) -> None:
    upload(admin, network)
    one = newest()
    html = choose(admin, one, basis="").content.decode()
    assert "Say whether the new members may be written to." in html
    assert newest().state == State.UPLOADED
    choose(admin, one, basis="none")
    admin.post(url("start", one.pk))
    states = set(Member.objects.values_list("state", flat=True))
    assert states == {Member.State.UNCONFIRMED}
    assert not Consent.objects.exists()
    html = html_of(admin, "result", one)
    assert "Choose whom to invite" in html
    link = f"?state=unconfirmed&amp;network={network.pk}"
    assert link in html


def test_only_own_networks_are_offered(admin: Client, network: Network) -> None:
    other = NetworkFactory(name="BIN Elders")
    html = admin.get(url("upload")).content.decode()
    assert "BIN Heide" in html
    assert "BIN Elders" not in html
    response = upload(admin, other)
    assert response.status_code == 200
    assert not MemberImport.objects.exists()


@pytest.mark.parametrize("role", [None, Role.WEB_EDITOR, Role.MANDATED_OFFICER])
def test_who_may_import_nowhere_is_turned_away(
    client: Client, network: Network, role: Role | None
) -> None:
    user = MandateFactory(network=network, role=role).user if role else UserFactory()
    client.force_login(user)
    assert client.get(url("upload")).url == reverse("wagtailadmin_home")
    assert upload(client, network).url == reverse("wagtailadmin_home")
    assert client.get(url("plan", uuid.uuid4())).url == reverse("wagtailadmin_home")
    assert not MemberImport.objects.exists()


@pytest.mark.parametrize(("name", "method"), SCREENS)
@pytest.mark.parametrize("applied", [False, True])
def test_s01_an_import_of_another_network_does_not_exist(
    admin: Client, name: str, method: str, applied: bool
) -> None:
    other = NetworkFactory()
    theirs = MandateFactory(network=other).user
    outsider = Client()
    outsider.force_login(theirs)
    one = (imported if applied else planned)(outsider, other)
    before = Member.objects.count()
    for pk in (one.pk, uuid.uuid4()):
        # LocaleMiddleware tries /nl/admin/… before it gives up.
        response = getattr(admin, method)(url(name, pk), follow=True)
        assert response.status_code == 404
    assert MemberImport.objects.get(pk=one.pk).state == (
        State.APPLIED if applied else State.PLANNED
    )
    assert Member.objects.count() == before
    assert "leden.csv" not in admin.get(url("upload")).content.decode()


def test_uploads_that_nobody_confirmed_are_erased(
    admin: Client, network: Network
) -> None:
    one = planned(admin, network)
    admin.get(url("upload"))
    one.refresh_from_db()
    assert one.content is not None
    MemberImport.objects.update(uploaded_at=timezone.now() - dt.timedelta(hours=2))
    html = admin.get(url("upload")).content.decode()
    assert "leden.csv" not in html
    one.refresh_from_db()
    assert one.content is None
    assert not ImportRow.objects.exists()
    for name, method in SCREENS:
        if name == "cancel":
            continue
        response = getattr(admin, method)(url(name, one.pk), follow=True)
        assert "nobody confirmed it in time" in response.content.decode(), name
    assert not Member.objects.exists()


@pytest.mark.parametrize(("name", "method"), SCREENS)
def test_a_screen_of_another_state_leads_to_the_right_one(
    admin: Client, network: Network, name: str, method: str
) -> None:
    upload(admin, network)
    one = newest()
    response = getattr(admin, method)(url(name, one.pk))
    if name not in {"columns", "cancel"}:
        assert response.url == url("columns", one.pk)
    now = reverse("wagtail_bin_admin:import", args=[one.pk])
    if name != "cancel":
        assert admin.get(now).url == url("columns", one.pk)
    assert not Member.objects.exists()


def test_two_networks_leave_the_choice_open(
    admin: Client, coordinator: Any, network: Network
) -> None:
    MandateFactory(user=coordinator, network=NetworkFactory(name="BIN Plein"))
    html = admin.get(url("upload")).content.decode()
    assert "BIN Heide" in html
    assert "BIN Plein" in html
    assert "selected>BIN" not in html


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "This file is empty"),
        (b"x" * (20 * 1024 * 1024), "at most 10.0"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "not a list but a picture"),
        (b"Naam;E-mail\n", "nobody below it"),
    ],
    ids=["empty", "20MB", "picture", "header-only"],
)
def test_a_bad_file_is_refused_with_a_clear_message(
    admin: Client, network: Network, source: bytes, message: str
) -> None:
    response = upload(admin, network, source)
    assert response.status_code == 200
    assert message in response.content.decode()
    assert not MemberImport.objects.exists()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"kleur;vorm\nrood;rond\n", "Choose which column holds the names."),
        (b"Naam;Straat\nJan;Dorp\n", "Choose which column holds e-mail addresses"),
    ],
    ids=["no-names", "no-address"],
)
def test_columns_that_tell_too_little_are_asked_for(
    admin: Client, network: Network, source: bytes, message: str
) -> None:
    upload(admin, network, source)
    response = choose(admin, newest())
    assert response.status_code == 200
    assert message in response.content.decode()
    assert newest().state == State.UPLOADED


def test_a_large_list_is_worked_on_while_the_screen_shows_how_far_it_is(
    admin: Client, network: Network, by_a_worker: None, settings: Any
) -> None:
    settings.WAGTAIL_BIN_IMPORT_BATCH = 1
    upload(admin, network)
    one = newest()
    assert choose(admin, one).url == url("progress", one.pk)
    assert "is being looked through" in html_of(admin, "progress", one)
    assert admin.get(url("plan", one.pk)).url == url("progress", one.pk)
    jobs.work_on(one.pk)
    # What renews itself is led on to the next screen.
    assert admin.get(url("progress", one.pk) + "?part=1").url == url("plan", one.pk)

    assert admin.post(url("start", one.pk)).url == url("progress", one.pk)
    jobs.work_on(one.pk, seconds=0)
    part = admin.get(url("progress", one.pk) + "?part=1").content.decode()
    assert "1 of 2 rows" in part
    assert "<html" not in part
    html = html_of(admin, "progress", one)
    assert "Stop the import" in html
    assert 'data-bin-follow="' + reverse("wagtail_bin_admin:import", args=[one.pk])

    response = admin.post(url("cancel", one.pk))
    assert response.url == url("result", one.pk)
    html = html_of(admin, "result", one)
    assert "stopped the import of leden.csv" in html
    assert Member.objects.count() == 1

    assert admin.post(url("undo", one.pk)).url == url("progress", one.pk)
    assert "is being undone" in html_of(admin, "progress", one)
    jobs.work_on(one.pk)
    assert not Member.objects.exists()
    assert "1 row was taken back" in html_of(admin, "result", one)


def test_an_import_is_undone_as_far_as_nothing_happened_since(
    admin: Client, network: Network
) -> None:
    one = imported(admin, network)
    Member.objects.filter(first_name="Bob").update(street="Dorpsstraat")
    html = html_of(admin, "result", one)
    assert url("undo", one.pk) in html
    html = html_of(admin, "undo", one)
    assert "1 member who came with it leaves the list." in html
    assert "1 member stays as it is: was changed since." in html
    assert Member.objects.count() == 2

    assert admin.post(url("undo", one.pk)).url == url("result", one.pk)
    html = html_of(admin, "result", one)
    assert "undid the import of leden.csv" in html
    assert "Could not be undone" in html
    assert Member.objects.get().first_name == "Bob"
    assert admin.post(url("undo", one.pk)).url == url("result", one.pk)


def test_an_import_of_long_ago_cannot_be_undone_any_more(
    admin: Client, network: Network
) -> None:
    one = imported(admin, network)
    MemberImport.objects.update(applied_at=timezone.now() - dt.timedelta(days=400))
    assert url("undo", one.pk) not in html_of(admin, "result", one)
    for method in ("get", "post"):
        response = getattr(admin, method)(url("undo", one.pk), follow=True)
        assert "too long ago" in response.content.decode()
    assert Member.objects.count() == 2


def test_a_plan_that_another_list_overtook_is_made_anew(
    admin: Client, network: Network
) -> None:
    one = planned(admin, network)
    imported(admin, network, "Naam;E-mail\nAn Peeters;an@example.org\n")
    response = admin.post(url("start", one.pk), follow=True)
    html = response.content.decode()
    assert "Another list was imported into this BIN meanwhile" in html
    assert response.redirect_chain[-1][0] == url("plan", one.pk)
    assert "Changed members" in html


def test_a_list_waits_for_the_one_that_is_being_imported(
    admin: Client, network: Network, by_a_worker: None
) -> None:
    for source in (LIST, LIST.replace("An;", "Ann;")):
        upload(admin, network, source)
        choose(admin, newest())
        jobs.work_on(newest().pk)
    second, first = MemberImport.objects.order_by("-uploaded_at")
    admin.post(url("start", first.pk))
    response = admin.post(url("start", second.pk), follow=True)
    assert "Another list of this BIN is being imported" in response.content.decode()
    assert response.redirect_chain[-1][0] == url("plan", second.pk)


def test_a_file_that_turns_out_to_be_unreadable_says_so(
    admin: Client, network: Network, by_a_worker: None
) -> None:
    book = openpyxl.Workbook()
    for n in range(9):
        book.active.append(["Naam", "E-mail"] if not n else [f"N{n}", f"n{n}@x.org"])
    target = io.BytesIO()
    book.save(target)
    upload(admin, network, target.getvalue())
    one = newest()
    choose(admin, one)
    MemberImport.objects.update(content=target.getvalue()[:-500])
    with pytest.raises(ImportRejected):
        jobs.work_on(one.pk)
    html = html_of(admin, "result", one)
    assert "was not imported: the file cannot be read to its end" in html
    assert not Member.objects.exists()


def test_rows_of_a_kind_are_shown_a_page_at_a_time(
    admin: Client, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "PER_PAGE", 2)
    monkeypatch.setattr(plan, "SAMPLE", 2)
    monkeypatch.setattr(rows.section_of, "__kwdefaults__", {"after": 0, "limit": 2})
    source = "Naam;E-mail\n" + "".join(f"N{n};n{n}@example.org\n" for n in range(5))
    one = planned(admin, network, source)
    html = html_of(admin, "plan", one)
    assert "Show all 5" in html
    assert "n2@example.org" not in html
    seen, query = [], "?kind=new"
    while query:
        html = html_of(admin, "rows", one, query)
        seen += re.findall(r"n\d@example", html)
        more = re.search(r'href="(\?kind=new&amp;after=\d+)"', html)
        query = more[1].replace("&amp;", "&") if more else ""
    assert seen == [f"n{n}@example" for n in range(5)]


@pytest.mark.parametrize("kind", [*rows.KINDS])
def test_every_kind_of_row_has_a_page(
    admin: Client, network: Network, kind: str
) -> None:
    one = imported(admin, network)
    assert f'<h2 class="w-h2" id="{kind}">' in html_of(
        admin, "rows", one, f"?kind={kind}"
    )


@pytest.mark.parametrize("query", ["?kind=all", "?kind=new&after=x", "?after=²"])
def test_an_address_of_rows_that_nobody_gave_is_not_found(
    admin: Client, network: Network, query: str
) -> None:
    one = planned(admin, network)
    response = admin.get(url("rows", one.pk) + query, follow=True)
    assert response.status_code == 404


def test_columns_are_called_as_in_a_spreadsheet() -> None:
    names = [letter_of(n) for n in (0, 25, 26, 51, 701, 702)]
    assert names == ["A", "Z", "AA", "AZ", "ZZ", "AAA"]
