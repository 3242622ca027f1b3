"""Importing in the Wagtail admin: upload, preview, confirm, result."""

from __future__ import annotations

import datetime as dt
import io
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
from wagtail_bin.models import Consent, Member, MemberImport, Network, Role

LIST = (
    "Voornaam;Naam;E-mailadres;GSM-nummer;Hobby\n"
    "An;Peeters;an@example.org;473865387;schaken\n"
    "Bob;<script>alert(1)</script>;;0473/11.22.33;\n"
    "Cis;Janssens;geen adres;;\n"
)


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


def _english(user: Any) -> Any:
    from wagtail.users.models import UserProfile

    return UserProfile.objects.create(user=user, preferred_language="en")


def url(name: str, *args: object) -> str:
    return reverse(f"wagtail_bin_admin:import_{name}", args=args)


def upload(
    client: Client,
    network: Network,
    source: bytes | str = LIST,
    basis: str = "enrolment",
    **kwargs: Any,
) -> Any:
    content = source.encode() if isinstance(source, str) else source
    data = {"network": network.pk, "file": SimpleUploadedFile("leden.csv", content)}
    return client.post(
        url("upload"), data | ({"basis": basis} if basis else {}), **kwargs
    )


def test_upload_preview_import_result(admin: Client, network: Network) -> None:
    known = MemberFactory(
        network=network, first_name="An", last_name="Peeters", email="an@example.org"
    )
    response = upload(admin, network)
    one = MemberImport.objects.get()
    assert response.url == url("preview", one.pk)
    assert bytes(one.content) == LIST.encode()

    html = admin.get(response.url).content.decode()
    assert "Import 2 members" in html
    assert "Hobby" in html
    assert "not read" in html
    assert "+32473865387" in html
    assert "This is not an e-mail address." in html
    assert "<script>alert" not in html
    assert Member.objects.count() == 1

    response = admin.post(url("confirm", one.pk))
    assert response.url == url("result", one.pk)
    html = admin.get(response.url).content.decode()
    assert "leden.csv was imported into BIN Heide" in html
    assert "This is not an e-mail address." in html
    known.refresh_from_db()
    assert known.mobile == "+32473865387"
    assert Member.objects.get(first_name="Bob").state == Member.State.ACTIVE
    one.refresh_from_db()
    assert (one.created, one.updated, one.refused) == (1, 1, 1)
    assert one.content is None

    entry = ModelLogEntry.objects.get(action=audit.IMPORT)
    assert "Peeters" not in f"{entry.label}{entry.data}"


def test_a_second_confirmation_does_nothing(admin: Client, network: Network) -> None:
    upload(admin, network)
    one = MemberImport.objects.get()
    for _press in range(2):
        assert admin.post(url("confirm", one.pk)).url == url("result", one.pk)
    assert Member.objects.count() == 2
    assert Consent.objects.count() == 1
    assert one.rows.filter(kind="refused").count() == 1
    assert ModelLogEntry.objects.filter(action=audit.IMPORT).count() == 1
    assert admin.get(url("preview", one.pk)).url == url("result", one.pk)


def test_the_same_list_again_says_that_nothing_changes(
    admin: Client, network: Network
) -> None:
    for _time in range(2):
        upload(admin, network)
        one = MemberImport.objects.latest("uploaded_at")
        html = admin.get(url("preview", one.pk)).content.decode()
        admin.post(url("confirm", one.pk))
    assert "Importing this list changes nothing" in html
    assert url("confirm", one.pk) not in html
    html = admin.get(url("result", one.pk)).content.decode()
    assert "The list of members is unchanged." in html


def test_cancel_erases_the_upload(admin: Client, network: Network) -> None:
    upload(admin, network)
    one = MemberImport.objects.get()
    assert admin.get(url("cancel", one.pk)).status_code == 405
    assert admin.post(url("cancel", one.pk)).url == url("upload")
    assert not MemberImport.objects.exists()
    assert not Member.objects.exists()


def test_cancel_after_importing_keeps_the_record(
    admin: Client, network: Network
) -> None:
    upload(admin, network)
    one = MemberImport.objects.get()
    admin.post(url("confirm", one.pk))
    assert admin.post(url("cancel", one.pk)).url == url("result", one.pk)
    assert MemberImport.objects.filter(pk=one.pk).exists()


@pytest.mark.parametrize("confirmed", [False, True])
def test_refused_rows_are_downloaded_corrected_and_sent_again(
    admin: Client, network: Network, confirmed: bool
) -> None:
    upload(admin, network)
    one = MemberImport.objects.get()
    if confirmed:
        admin.post(url("confirm", one.pk))
    response = admin.get(url("refused", one.pk))
    assert response["Content-Disposition"] == 'attachment; filename="refused-rows.xlsx"'
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    sheet = book.active
    assert sheet.max_row == 2
    sheet["E2"] = "cis@example.org"
    target = io.BytesIO()
    book.save(target)
    upload(admin, network, target.getvalue())
    again = MemberImport.objects.latest("uploaded_at")
    html = admin.get(url("preview", again.pk)).content.decode()
    assert "Import 1 member" in html
    admin.post(url("confirm", again.pk))
    assert Member.objects.filter(email="cis@example.org").exists()


def test_p02_the_basis_must_be_chosen(admin: Client, network: Network) -> None:
    html = upload(admin, network, basis="").content.decode()
    assert "This field is required." in html
    upload(admin, network, basis="none")
    one = MemberImport.objects.get()
    admin.post(url("confirm", one.pk))
    states = set(Member.objects.values_list("state", flat=True))
    assert states == {Member.State.UNCONFIRMED}
    assert not Consent.objects.exists()


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
    assert not MemberImport.objects.exists()


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("preview", "get"),
        ("confirm", "post"),
        ("cancel", "post"),
        ("result", "get"),
        ("refused", "get"),
    ],
)
@pytest.mark.parametrize("applied", [False, True])
def test_s01_an_import_of_another_network_does_not_exist(
    admin: Client, name: str, method: str, applied: bool
) -> None:
    other = NetworkFactory()
    theirs = MandateFactory(network=other).user
    outsider = Client()
    outsider.force_login(theirs)
    upload(outsider, other)
    one = MemberImport.objects.get()
    if applied:
        outsider.post(url("confirm", one.pk))
    before = Member.objects.count()
    for pk in (one.pk, uuid.uuid4()):
        # LocaleMiddleware tries /nl/admin/… before it gives up.
        response = getattr(admin, method)(url(name, pk), follow=True)
        assert response.status_code == 404
    assert MemberImport.objects.filter(pk=one.pk).exists()
    assert Member.objects.count() == before


def test_uploads_that_nobody_confirmed_are_erased(
    admin: Client, network: Network
) -> None:
    upload(admin, network)
    one = MemberImport.objects.get()
    admin.get(url("upload"))
    one.refresh_from_db()
    assert one.content is not None
    MemberImport.objects.update(uploaded_at=timezone.now() - dt.timedelta(hours=2))
    admin.get(url("upload"))
    one.refresh_from_db()
    assert one.content is None
    for name in ("preview", "refused"):
        response = admin.get(url(name, one.pk), follow=True)
        assert "nobody confirmed it in time" in response.content.decode()
    response = admin.post(url("confirm", one.pk), follow=True)
    assert "nobody confirmed it in time" in response.content.decode()
    assert not Member.objects.exists()


def test_the_result_of_an_upload_is_its_preview(
    admin: Client, network: Network
) -> None:
    upload(admin, network)
    one = MemberImport.objects.get()
    assert admin.get(url("result", one.pk)).url == url("preview", one.pk)


@pytest.mark.parametrize(
    ("name", "method"), [("preview", "get"), ("confirm", "post"), ("refused", "get")]
)
def test_an_upload_that_cannot_be_read_any_more(
    admin: Client, network: Network, settings: Any, name: str, method: str
) -> None:
    upload(admin, network)
    one = MemberImport.objects.get()
    settings.WAGTAIL_BIN_IMPORT_MAX_ROWS = 1
    response = getattr(admin, method)(url(name, one.pk), follow=True)
    assert "more than 1 rows" in response.content.decode()
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
        (b"kleur;vorm\nrood;rond\n", "No column with names"),
        (b";".join(b"k%d" % n for n in range(30)) + b"\n", "No column with names"),
        (b"Naam;Straat\nJan;Dorp\n", "No column with e-mail addresses"),
    ],
    ids=["empty", "20MB", "picture", "no-header", "junk", "no-address"],
)
def test_a_bad_file_is_refused_with_a_clear_message(
    admin: Client, network: Network, source: bytes, message: str
) -> None:
    response = upload(admin, network, source)
    assert response.status_code == 200
    assert message in response.content.decode()
    assert not MemberImport.objects.exists()
