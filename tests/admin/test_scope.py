"""Nobody sees or changes the members of a network without a mandate for it.

The sweep walks every address of the site, Wagtail's own and other packages'
included, once with the primary keys of a foreign network's rows wherever one is
taken, once with those of the own network, and once with those of a network in which
the office is a weaker one. All its users may do everything with members as far as
Django's model permissions go: mandates alone decide. Of the own rows, each role must
see exactly what the table in ``sweep_people`` says. The last lines of the run say how
wide the sweep was.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from wagtail.admin.models import EditingSession
from wagtail.log_actions import log
from wagtail.models import Locale
from wagtail.permissions import policy_registry
from wagtail.snippets.models import get_snippet_models

from tests.admin.conftest import Walker
from tests.admin.sweep_addresses import (
    EXPORTED,
    OURS,
    SNIPPETS,
    UNNAMED,
    Address,
    addresses,
    path_of,
    swept,
)
from tests.admin.sweep_people import (
    BESIDE,
    CHANGES,
    HOLDERS,
    OTHERS,
    SHOWS,
    Person,
    beside,
    user_with,
)
from tests.factories import (
    CharterFactory,
    MandateFactory,
    MemberFactory,
    NetworkFactory,
    SanctionFactory,
    UserFactory,
)
from wagtail_bin.exchange.control import start_import
from wagtail_bin.exchange.uploads import choose_columns, store_upload
from wagtail_bin.models import (
    ChannelName,
    Charter,
    Consent,
    Delivery,
    Dispatch,
    Handover,
    ImportRow,
    Mandate,
    Member,
    MemberImport,
    MemberLogEntry,
    Network,
    Purpose,
    Role,
    Sanction,
    SanctionLift,
    Segment,
    SendingSwitch,
    Suppression,
    TipPage,
)
from wagtail_bin.permissions import MandatePermissionPolicy

# What of the member must not be seen, spelt so that no time zone is called the
# same. The search is for another word, since a search box repeats what was asked.
CANARIES = (b"qanary", b"473990011", b"0473 99 00 11", b"36202911", b"03 620 29 11")
SEARCH = "Vlinder"
# Keys that nothing else has, so that the label of a row is found wherever it stands.
KEYS = {"charter": 9473551, "member": 9473552, "newcomer": 9473553}


@pytest.fixture
def network(db: Any) -> Network:
    """The network whose members are nobody else's business."""
    Locale.objects.get_or_create(language_code="nl")
    return NetworkFactory(name="BIN Verderop")


@pytest.fixture
def member(network: Network) -> Member:
    """The foreign member, with a history made by a user of that network."""
    member = MemberFactory(
        pk=KEYS["member"],
        network=network,
        first_name=f"{SEARCH} Qanary",
        last_name="Qanary",
        organisation="Qanary nv",
        email="qanary@example.org",
        mobile="+32473990011",
        phone="+3236202911",
        street="Qanarystraat",
        number="1",
        postcode="2920",
        locality="Qanarydorp",
    )
    Suppression.objects.create(digest=member.email_digest, reason="bounce")
    log(member, "wagtail.edit", user=UserFactory(username="qanary_coordinator"))
    return member


def imported(network: Network, file_name: str, *, choose: bool) -> MemberImport:
    """A list of the foreign network, as far as its columns or its plan."""
    keeper = UserFactory(is_superuser=True, username=f"qanary_{file_name}")
    stored = store_upload(
        network=network,
        user=keeper,
        source=b"Naam;E-mail\nQanary;qanary@example.org\nQanary;geen adres\n",
        file_name=file_name,
    )
    if choose:
        choose_columns(
            member_import=stored,
            user=keeper,
            fields=["last_name", "email"],
            basis="enrolment",
        )
    return stored


@pytest.fixture
def new_import(network: Network) -> MemberImport:
    """A list whose columns are to be chosen."""
    return imported(network, "qanary-new.csv", choose=False)


@pytest.fixture
def planned_import(member: Member) -> MemberImport:
    """A list that would change the member, and have a row refused."""
    return imported(member.network, "qanary-planned.csv", choose=True)


@pytest.fixture
def done_import(member: Member) -> MemberImport:
    """A list that was imported, with a refused row; it may be undone."""
    stored = imported(member.network, "qanary-done.csv", choose=True)
    start_import(member_import=stored, user=stored.user)
    return stored


@pytest.fixture
def dispatch(member: Member) -> Dispatch:
    """Something that was sent to the foreign member."""
    dispatch = Dispatch.objects.create(
        title="Sombere maanden", purpose=Purpose.TIPS, expires_at=timezone.now()
    )
    dispatch.networks.add(member.network)
    Delivery.objects.create(
        dispatch=dispatch,
        member=member,
        network=member.network,
        channel=ChannelName.EMAIL,
        language="nl",
        state=Delivery.State.REJECTED,
        address=member.email,
        due_at=timezone.now(),
    )
    Delivery.objects.create(
        dispatch=dispatch,
        member=member,
        network=member.network,
        channel=ChannelName.SMS,
        language="nl",
        due_at=timezone.now(),
    )
    return dispatch


@pytest.fixture
def handover(dispatch: Dispatch) -> Handover:
    """A file of foreign members for another platform."""
    dispatch.channels = ["email", "handover"]
    dispatch.save()
    return Handover.objects.create(
        dispatch=dispatch,
        platform="BE-Alert",
        rows=1,
        file_name="be-alert.csv",
        content=b"Qanary;0473990011",
    )


@pytest.fixture
def officer(network: Network) -> Mandate:
    """Who decides on sanctions, with a coordinator."""
    return MandateFactory(
        network=None,
        police_zone=network.police_zone,
        role=Role.MANDATED_OFFICER,
        name="Officer",
    )


@pytest.fixture
def sanction(member: Member, officer: Mandate) -> Sanction:
    """A suspension of the foreign member, which is in force."""
    return SanctionFactory(
        member=member,
        officer=officer,
        kind=Sanction.Kind.TEMPORARY,
        until=timezone.localdate() + dt.timedelta(days=9),
        reason="Qanary",
        coordinator=MandateFactory(network=member.network, name="Coordinator"),
    )


@pytest.fixture
def mandate(network: Network) -> Mandate:
    """An office of the network. Whoever sees the BIN sees who holds it."""
    log(network, "wagtail.edit", user=UserFactory(username="qanary_admin"))
    return MandateFactory(
        network=network,
        role=Role.STEERING_GROUP,
        user=None,
        name="Qanary",
        public_phone="+32473990011",
    )


@pytest.fixture
def segment(network: Network) -> Segment:
    """A filter that the coordinators of the foreign network saved."""
    return Segment.objects.create(
        name="Qanary", network=network, filters={"state": ["active"]}
    )


@pytest.fixture
def charter(network: Network) -> Charter:
    """An agreement of the foreign network."""
    charter = CharterFactory(
        pk=KEYS["charter"],
        network=network,
        text="<p>Qanary</p>",
        reference="Qanary",
    )
    log(charter, "wagtail.edit", user=UserFactory(username="qanary_keeper"))
    return charter


@pytest.fixture
def newcomer(network: Network) -> Member:
    """A foreign member without any history, who can be invited or suspended."""
    return MemberFactory(
        pk=KEYS["newcomer"],
        network=network,
        first_name=f"{SEARCH} Qanary",
        last_name="Qanary",
        email="qanary.new@example.org",
        state=Member.State.UNCONFIRMED,
        consent=False,
    )


@pytest.fixture
def sessions(member: Member, charter: Charter) -> None:
    """Somebody of the foreign network has its member and its charter open."""
    for row in (member, charter):
        EditingSession.objects.create(
            user=UserFactory(username=f"qanary_at_{row._meta.model_name}"),
            content_type=ContentType.objects.get_for_model(row),
            object_id=str(row.pk),
            last_seen_at=timezone.now(),
        )


@pytest.fixture
def rows(
    network: Network,
    member: Member,
    newcomer: Member,
    done_import: MemberImport,
    new_import: MemberImport,
    planned_import: MemberImport,
    dispatch: Dispatch,
    handover: Handover,
    sanction: Sanction,
    officer: Mandate,
    segment: Segment,
    mandate: Mandate,
    charter: Charter,
    sessions: None,
    tip: TipPage,
) -> dict[str, Any]:
    """Rows of the network, by the name of their fixture.

    The tip is everybody's to publish; to whom it may be sent is another matter.
    """
    return {
        "network": network,
        "municipality": network.municipality,
        "police_zone": network.police_zone,
        "member": member,
        "newcomer": newcomer,
        "new_import": new_import,
        "planned_import": planned_import,
        "done_import": done_import,
        "dispatch": dispatch,
        "handover": handover,
        "sanction": sanction,
        "officer": officer,
        "segment": segment,
        "mandate": mandate,
        "charter": charter,
        "tip": tip,
        "user": get_user_model().objects.get(username="qanary_coordinator"),
    }


def form_data(rows: dict[str, Any]) -> dict[str, Any]:
    """What would be a valid change, in each of the forms that are met."""
    sanction, today = rows["sanction"], timezone.localdate()
    return {
        "network": rows["network"].pk,
        "networks": rows["network"].pk,
        "first_name": "Changed",
        "last_name": "Changed",
        "email": "changed@example.org",
        "state": Member.State.LEFT,
        "statement": "office",
        "wishes": ["tips-email"],
        "wishes_seen": "tips-email",
        "version": 2,
        "name": "Changed",
        "kind": Sanction.Kind.REPRIMAND,
        "reason": "Changed",
        "officer": rows["officer"].pk,
        "coordinator": sanction.coordinator_id,
        "decided_on": today,
        "notified_on": today,
        "basis": Consent.Basis.ENROLMENT,
        "policy": MemberImport.Policy.UPDATE,
        "column-0": "last_name",
        "column-1": "email",
        "file": SimpleUploadedFile("list.csv", b"Naam;E-mail\nNieuw;n@example.org"),
        "who": SEARCH,
        "columns": ["last_name"],
        "file_format": "csv",
        "confirmed": "yes",
        "sent": "yes",
        "next": "/admin/",
    }


def told_by(response: Any) -> bytes:
    """Body, headers and the addresses passed on the way, in small letters."""
    body = (
        b"".join(response.streaming_content) if response.streaming else response.content
    )
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as workbook:
            body = b"".join(map(workbook.read, workbook.namelist()))
    passed = [url for url, status in getattr(response, "redirect_chain", [])]
    told = repr([list(response.headers.items()), passed]).encode()
    return bytes((body + told).lower())


def leaks(response: Any) -> bool:
    """Whether a canary is in it."""
    told = told_by(response)
    return any(canary in told for canary in CANARIES)


def labels(rows: dict[str, Any]) -> list[bytes]:
    """What rows are called where there is no name: that they exist is not known either.

    In both languages that Wagtail may have spoken.
    """
    named = [rows[name] for name in ("member", "newcomer", "charter", "network")]
    found = {rows["dispatch"].title.lower().encode()}
    for language in ("nl", "en"):
        with translation.override(language):
            found |= {str(row).lower().encode() for row in named}
    return sorted(found)


def state_of(network: Network) -> list[Any]:
    """Everything of the network that a request could have changed."""
    rows: list[Any] = [
        Handover.objects.all(),
        SendingSwitch.objects.all(),
        Suppression.objects.all(),
        network.members.all(),
        network.charters.all(),
        ImportRow.objects.filter(member_import__network=network),
        Consent.objects.filter(member__network=network),
        Sanction.objects.filter(member__network=network),
        SanctionLift.objects.filter(sanction__member__network=network),
        Segment.objects.filter(network=network),
        network.imports.all(),
        network.dispatches.all(),
        network.deliveries.all(),
        MemberLogEntry.objects.filter(network=network),
        Network.objects.filter(pk=network.pk),
        Mandate.objects.filter(network=network),
    ]
    return [list(found.values()) for found in rows]


class Elsewhere(enum.IntEnum):
    """What is done at addresses that know nothing of networks, nor of mandates."""

    PASS_BY = 0
    LOOK = 1
    ACT = 2


@contextlib.contextmanager
def noting_writes() -> Iterator[list[str]]:
    """Collects the statements that may change a table of ours."""
    writes: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if "wagtail_bin_" in sql and sql.startswith(("INSERT", "UPDATE", "DELETE")):
            writes.append(sql)
        return execute(sql, *args)

    with connection.execute_wrapper(note):
        yield writes


class Walk:
    """Every address called with the rows' keys, and what was met: titles of addresses.

    Attributes:
        shown: something of a person was seen.
        named: that a row exists was.
        changed: a POST changed something of the network; it was taken back.
        changed_by_get: a GET did.
        broken: ours, and answered with an error of the server.
        called: method and title.
        requests: how many were made.
    """

    def __init__(self, client: Walker, rows: dict[str, Any]) -> None:
        self.client, self.rows, self.network = client, rows, rows["network"]
        self.before, self.labels = state_of(self.network), labels(rows)
        self.shown: set[str] = set()
        self.named: set[str] = set()
        self.changed: set[str] = set()
        self.changed_by_get: set[str] = set()
        self.broken: set[str] = set()
        self.called: set[tuple[str, str]] = set()
        self.requests = 0

    def visit(self, address: Address, elsewhere: Elsewhere) -> None:
        """Look at an address, and act there, as far as that makes sense."""
        path, ours = path_of(address, self.rows), address.namespace in OURS
        queries = self.queries(address) if ours else [""]
        if ours or elsewhere >= Elsewhere.LOOK:
            for query in queries:
                self.call(address, "get", path + query)
        if ours or elsewhere >= Elsewhere.ACT:
            data = form_data(self.rows)
            if "suspend" in address.about:
                data["until"] = timezone.localdate()
            with transaction.atomic():
                self.call(address, "post", path + queries[0], data)
                transaction.set_rollback(True)

    def queries(self, address: Address) -> list[str]:
        """The rows by all names that our screens take them by; for lists, as a file."""
        member, network = self.rows["member"], self.network
        chosen = self.rows["newcomer"] if address.is_bulk_action else member
        if "charter" in address.about:
            chosen = self.rows["charter"]
        query = (
            f"?id={chosen.pk}&q={SEARCH}&network={network.pk}"
            f"&networks={network.pk}&as={network.pk}-{member.pk}"
        )
        queries = [query] if address.parameters else [query, ""]
        if any(word in address.full_name for word in EXPORTED):
            queries.append(f"?id=all&network={network.pk}&export=csv")
        return queries

    def call(self, address: Address, method: str, path: str, *data: Any) -> None:
        """One request, and what it told or changed."""
        with noting_writes() as writes:
            response = getattr(self.client, method)(path, *data)
        title, told = address.title, told_by(response)
        self.requests += 1
        self.called.add((method, title))
        if any(canary in told for canary in CANARIES):
            self.shown.add(title)
        if any(label in told for label in self.labels):
            self.named.add(title)
        if response.status_code >= 500 and address.is_about_ours:
            self.broken.add(title)
        if writes and state_of(self.network) != self.before:
            (self.changed if data else self.changed_by_get).add(title)


# Every role looks everywhere; two of them try to act there too.
ACTORS = {"coordinator", "without a mandate"}
# "beside": this office in the next network, and here a weaker one.
WALKS = [
    *((name, whose) for name in HOLDERS for whose in ("own", "foreign")),
    *((name, "own") for name in OTHERS),
    *((name, "beside") for name in BESIDE),
]


def elsewhere_of(name: str, whose: str) -> Elsewhere:
    """Other people's rows, and other days, make no difference there."""
    if whose != "own" or name == "mandates of other days":
        return Elsewhere.PASS_BY
    return Elsewhere.ACT if name in ACTORS else Elsewhere.LOOK


def test_s01_every_address_is_classified() -> None:
    assert [a for a in addresses() if a.name and not a.is_known] == []
    assert {a.pattern for a in addresses() if not a.name} == UNNAMED


def test_s01_the_sweep_is_as_wide_as_it_was() -> None:
    assert len(swept()) >= 300
    assert len(WALKS) == 20
    known = {address.title for address in swept()}
    assert set(SHOWS) <= known
    assert set(CHANGES) <= known


def test_s01_every_snippet_with_networks_is_swept() -> None:
    scoped = {
        str(model._meta.model_name)
        for model in get_snippet_models()
        if isinstance(policy_registry.get_by_type(model), MandatePermissionPolicy)
    }
    assert scoped == set(SNIPPETS)


def expected(table: dict[str, Any], person: Person, whose: str) -> set[str]:
    """Addresses where a person sees, or changes, something of the network."""
    if person.role is None or whose == "foreign":
        return set()
    return {title for title, needed in table.items() if person.may(needed)}


# Of wagtail-localize's own report.
@pytest.mark.filterwarnings("ignore::django.core.paginator.UnorderedObjectListWarning")
@pytest.mark.any_database
@pytest.mark.parametrize(("name", "whose"), WALKS)
def test_s01_s03_every_address_shows_and_changes_what_the_office_allows(
    network: Network,
    rows: dict[str, Any],
    light_admin: None,
    record_property: Callable[[str, object], None],
    name: str,
    whose: str,
) -> None:
    client, person = Walker(), (HOLDERS | OTHERS)[name]
    if person.log_in is not None:
        place = network
        if whose != "own" and person.role is not None:
            place = beside(person.role, network)
        user = person.log_in(place)
        if whose == "beside":
            person = HOLDERS[BESIDE[name]]
            person.log_in(network).bin_mandates.update(user=user)
        client.force_login(user)
    elsewhere, met = elsewhere_of(name, whose), Walk(client, rows)
    for address in swept():
        met.visit(address, elsewhere)
    record_property("addresses", len(swept()))
    record_property("requests", met.requests)
    # None was left out: OURS with all roles, the others as far as they go.
    for method, reach in (("get", Elsewhere.LOOK), ("post", Elsewhere.ACT)):
        assert {called for how, called in met.called if how == method} == {
            address.title
            for address in swept()
            if address.namespace in OURS or elsewhere >= reach
        }
    assert met.broken == set()
    assert met.changed_by_get == set()
    differences = (
        met.shown ^ expected(SHOWS, person, whose),
        met.changed ^ expected(CHANGES, person, whose),
    )
    assert differences == (set(), set())
    if whose == "foreign" or person.role is None:
        assert met.named == set()


def test_s02_choosers_know_no_foreign_member(
    client: Client, network: Network, member: Member
) -> None:
    stranger = user_with(Role.COORDINATOR, network=NetworkFactory())
    chooser = "wagtailsnippetchoosers_wagtail_bin_member"
    client.force_login(stranger)
    for path in (
        reverse(f"{chooser}:chosen", args=[member.pk]),
        reverse(f"{chooser}:chosen", args=["no-key"]),
        reverse(f"{chooser}:chosen_multiple") + f"?id={member.pk}",
        reverse(f"{chooser}:chosen_multiple") + "?id=no-key",
    ):
        assert client.get(path, follow=True).status_code == 404, path
    results = client.get(reverse(f"{chooser}:choose_results"))
    assert f"Member {member.pk}".encode() not in results.content

    client.force_login(user_with(Role.COORDINATOR, network=network))
    chosen = client.get(reverse(f"{chooser}:chosen", args=[member.pk]))
    assert chosen.json()["result"]["id"] == str(member.pk)
    multiple = client.get(reverse(f"{chooser}:chosen_multiple") + f"?id={member.pk}")
    assert [row["id"] for row in multiple.json()["result"]] == [str(member.pk)]
    results = client.get(reverse(f"{chooser}:choose_results"))
    assert f"chosen/{member.pk}/".encode() in results.content


@pytest.mark.parametrize(
    "report",
    [
        "wagtailadmin_reports:site_history",
        "wagtailadmin_reports:site_history_results",
    ],
)
def test_s04_site_history_shows_own_networks_only(
    client: Client, network: Network, member: Member, report: str
) -> None:
    label = f">{member}<".encode()
    client.force_login(user_with(Role.COORDINATOR, network=NetworkFactory()))
    for query in ("", "?export=csv"):
        response = client.get(reverse(report) + query)
        assert str(member).encode() not in response.getvalue()
        assert not leaks(client.get(reverse(report) + query))

    client.force_login(user_with(Role.COORDINATOR, network=network))
    response = client.get(reverse(report))
    assert str(member).encode() in response.content, label
    assert b"qanary_coordinator" in response.content


def test_s04_history_outlives_the_member_and_names_nobody(member: Member) -> None:
    network = member.network
    log(member, "wagtail.delete", deleted=True)
    member.delete()
    own = user_with(Role.COORDINATOR, network=network)
    stranger = user_with(Role.COORDINATOR, network=NetworkFactory())
    entries = MemberLogEntry.objects.viewable_by_user(own)
    assert [entry.action for entry in entries] == ["wagtail.delete", "wagtail.edit"]
    assert not any("qanary" in entry.label.lower() for entry in entries)
    assert not MemberLogEntry.objects.viewable_by_user(stranger).exists()


@pytest.mark.parametrize("chosen", ["mixed", "all", "no-key"])
def test_s05_bulk_deletion_refuses_what_is_not_all_ones_own(
    client: Client, network: Network, member: Member, chosen: str
) -> None:
    own = MemberFactory()
    client.force_login(user_with(Role.COORDINATOR, network=own.network))
    query = {"mixed": f"id={own.pk}&id={member.pk}", "all": "id=all", "no-key": "id=x"}
    path = reverse("wagtail_bulk_action", args=["wagtail_bin", "member", "delete"])
    for method in (client.get, client.post):
        response = method(f"{path}?{query[chosen]}", follow=True)
        assert response.status_code == 404
        assert not leaks(response)
    assert Member.objects.count() == 2


def test_s05_bulk_deletion_of_own_members_is_logged(
    client: Client, network: Network, member: Member
) -> None:
    own = MemberFactory.create_batch(2)
    own[1].network = own[0].network
    own[1].save()
    user = user_with(Role.COORDINATOR, network=own[0].network)
    client.force_login(user)
    path = reverse("wagtail_bulk_action", args=["wagtail_bin", "member", "delete"])
    client.post(f"{path}?id={own[0].pk}&id={own[1].pk}")
    assert list(Member.objects.all()) == [member]
    entries = MemberLogEntry.objects.viewable_by_user(user)
    assert [(entry.action, entry.user) for entry in entries] == [
        ("wagtail.delete", user),
        ("wagtail.delete", user),
    ]


@pytest.mark.parametrize("model_name", ["member", "Member", "MEMBER"])
def test_s06_localize_knows_no_members(
    client: Client, member: Member, model_name: str
) -> None:
    client.force_login(UserFactory(is_superuser=True))
    listing = f"/admin/localize/api/snippets/wagtail_bin/{model_name}/"
    for path in (
        listing,
        f"{listing}{member.pk}/",
        f"/admin/localize/submit/snippet/wagtail_bin/{model_name}/{member.pk}/",
    ):
        response = client.get(path, follow=True)
        assert response.status_code == 404, path
        assert str(member).encode() not in response.content
    themes = client.get("/admin/localize/api/snippets/wagtail_bin/theme/")
    assert themes.status_code == 200


def test_s06_nothing_of_a_member_is_searched_or_served_by_an_api(
    member: Member,
) -> None:
    from wagtail.search.index import class_is_indexed

    assert not class_is_indexed(Member)
    assert not hasattr(Member, "api_fields")
    assert "qanary" not in str(member).lower()


@pytest.mark.parametrize("field", ["network", "add"])
def test_a_member_cannot_be_moved_to_or_added_in_a_foreign_network(
    client: Client, network: Network, field: str
) -> None:
    own = MemberFactory(last_name="Eigen")
    client.force_login(user_with(Role.COORDINATOR, network=own.network))
    base = "wagtailsnippets_wagtail_bin_member"
    path = (
        reverse(f"{base}:add")
        if field == "add"
        else reverse(f"{base}:edit", args=[own.pk])
    )
    data = {"network": network.pk, "last_name": "Changed", "statement": "office"}
    shown = client.get(path)
    assert network.name.encode() not in shown.content
    assert own.network.name.encode() in shown.content
    response = client.post(path, data)
    assert "network" in response.context["form"].errors
    own.refresh_from_db()
    assert (own.network != network, own.last_name) == (True, "Eigen")
    assert not network.members.exists()
