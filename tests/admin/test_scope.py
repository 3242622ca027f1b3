"""Nobody sees or changes the members of a network without a mandate for it.

The sweep walks every address of the site, Wagtail's own and other packages'
included, once with the primary keys of a foreign network's rows wherever one is
taken, and once with those of the own network. All its users may do everything
with members as far as Django's model permissions go: mandates alone decide. Of
the own rows, each role must see exactly what the table in ``sweep_people`` says.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import functools
import io
import logging
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone
from wagtail.admin import menu
from wagtail.log_actions import log
from wagtail.models import Locale

from tests.admin.sweep_people import (
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

# What of the member must not be seen, spelt so that no time zone is called the
# same. The search is for another word, since a search box repeats what was asked.
CANARIES = (b"qanary", b"473990011", b"0473 99 00 11", b"36202911", b"03 620 29 11")
SEARCH = "Vlinder"

# Whose addresses they are. Those of the first group are also called with a
# search, a choice of rows and an export; a namespace in neither fails the sweep.
OURS = {
    "",
    "bin-mandates",
    "bin-municipalities",
    "bin-networks",
    "bin-police-zones",
    "bin-users",
    "wagtail_bin",
    "wagtail_bin_admin",
    "wagtail_localize",
    "wagtailadmin_editing_sessions",
    "wagtailadmin_reports",
    "wagtailsnippetchoosers_wagtail_bin_charter",
    "wagtailsnippetchoosers_wagtail_bin_member",
    "wagtailsnippets",
    "wagtailsnippets_wagtail_bin_charter",
    "wagtailsnippets_wagtail_bin_member",
}
ELSEWHERE = {
    "wagtailadmin_api:documents",
    "wagtailadmin_api:images",
    "wagtailadmin_api:pages",
    "wagtailadmin_collections",
    "wagtailadmin_pages",
    "wagtailadmin_workflows",
    "wagtaildocs",
    "wagtaildocs_chooser",
    "wagtailembeds",
    "wagtailforms",
    "wagtailimages",
    "wagtailimages_chooser",
    "wagtaillocales",
    "wagtailredirects",
    "wagtailsites",
    "wagtailsnippetchoosers_wagtail_bin_theme",
    "wagtailsnippets_wagtail_bin_theme",
    "wagtailusers_groups",
    "wagtailusers_users",
}
# Our own screens that belong to no viewset: the first word of an address' name to
# the fixture with the foreign row that its key stands for.
SCREENS = {
    "dispatch": "dispatch",
    "handover": "handover",
    "import": "member_import",
    "member": "member",
    "sanction": "sanction",
    "segment": "segment",
    "send": "tip",
    "worklist": "member",
}
# And whose rows other addresses are about: the start of their full name to the
# fixture; the member where none fits.
ROWS = {
    "bin-mandates:": "mandate",
    "wagtailsnippetchoosers_wagtail_bin_charter:": "charter",
    "wagtailsnippets_wagtail_bin_charter:": "charter",
    "bin-networks:": "network",
    "bin-users:": "user",
    "wagtail_localize:submit_page": "tip",
    "wagtailadmin_explore": "tip",
    "wagtailadmin_pages:": "tip",
    "wagtailusers_users:": "user",
}
# Patterns without a name, which nothing can be asked of.
UNNAMED = {
    "admin/test404/",
    *(
        f"admin/^localize/{what}/wagtail_bin/"
        "(?:[cC][hH][aA][rR][tT][eE][rR]|[mM][eE][mM][bB][eE][rR])/"
        for what in ("api/snippets", "submit/snippet")
    ),
    "admin/^.*/$",
}
# Named addresses without any row behind them, and why they are left alone.
NOT_SWEPT = {
    "wagtailadmin_error_test": "raises an error on purpose",
    "wagtailadmin_logout": "ends the session of the sweep",
    "wagtailadmin_login": "for those who are not logged in",
    "wagtailadmin_sprite": "icons",
    "wagtailadmin_javascript_catalog": "translations",
    "wagtail_localize:javascript_catalog": "translations",
}
# What a parameter takes; a number or text of any other name takes the member's.
PARAMETERS = {
    "app_label": "wagtail_bin",
    "app_name": "wagtail_bin",
    "content_type_app_name": "wagtail_bin",
    "model_name": "member",
    "content_type_model_name": "member",
    "action": "delete",
    "action_name": "publish",
    "file_format": "csv",
    "filter_spec": "original",
    "mode": "form",
    "revision_id_a": "earliest",
    "revision_id_b": "latest",
    "uidb64": "MQ",
    "token": "set-password",
    "provider": "postmark",
    "name": "no-mail",
}
# What stands in the names of lists, which may be exported.
EXPORTED = ("deliveries", "history", "index", "list", "log", "report")
# Arguments of patterns whose parameters have no names.
POSITIONAL = {"wagtail_serve": [""], "wagtaildocs_serve": ["1", "list.pdf"]}
KEYS = {
    "collection_id",
    "destination_id",
    "doc_id",
    "document_id",
    "image_id",
    "object_id",
    "overridable_segment_id",
    "page_id",
    "page_view_restriction_id",
    "page_pk",
    "page_to_move_id",
    "parent_page_id",
    "pk",
    "redirect_id",
    "restriction_id",
    "revision_id",
    "session_id",
    "string_segment_id",
    "task_id",
    "task_state_id",
    "translation_id",
    "translation_source_id",
    "uploaded_file_id",
    "workflow_pk",
    "workflow_state_id",
}


@dataclasses.dataclass(frozen=True)
class Address:
    """One pattern of the resolver."""

    namespace: str
    name: str | None
    parameters: frozenset[str]
    pattern: str

    @property
    def full_name(self) -> str:
        return f"{self.namespace}:{self.name}" if self.namespace else str(self.name)


def addresses(
    patterns: Any = None, prefix: str = "", namespace: str = ""
) -> Iterator[Address]:
    """Every pattern of the resolver."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            found = get_parameters(prefix, entry)
            yield Address(namespace, entry.name, found, route)
        else:
            inner = ":".join(filter(None, [namespace, entry.namespace]))
            yield from addresses(entry.url_patterns, route, inner)


def get_parameters(prefix: str, entry: URLPattern) -> frozenset[str]:
    own = set(entry.pattern.converters) | set(entry.pattern.regex.groupindex)
    inherited = {part.split(">")[0].split(":")[-1] for part in prefix.split("<")[1:]}
    return frozenset(own | inherited)


def row_of(address: Address, rows: dict[str, Any]) -> Any:
    """The row whose key an address gets."""
    if address.namespace == "wagtail_bin_admin" and address.parameters:
        return rows[SCREENS[str(address.name).split("_")[0]]]
    for start, name in ROWS.items():
        if address.full_name.startswith(start):
            return rows[name]
    return rows["member"]


def path_of(address: Address, rows: dict[str, Any]) -> str:
    """The address with a row's key wherever it takes one."""
    if address.full_name in POSITIONAL:
        return reverse(address.full_name, args=POSITIONAL[address.full_name])
    key = row_of(address, rows).pk
    arguments = {name: PARAMETERS.get(name, key) for name in address.parameters}
    return reverse(address.full_name, kwargs=arguments)


@functools.cache
def swept() -> list[Address]:
    """Every address with a name, apart from those that are left alone."""
    return [
        address
        for address in addresses()
        if address.name and address.full_name not in NOT_SWEPT
    ]


@pytest.fixture
def network(db: Any) -> Network:
    """The network whose members are nobody else's business."""
    Locale.objects.get_or_create(language_code="nl")
    return NetworkFactory(name="BIN Verderop")


@pytest.fixture
def member(network: Network) -> Member:
    """The foreign member, with a history made by a user of that network."""
    member = MemberFactory(
        network=network,
        first_name=f"{SEARCH} Qanary",
        last_name="Qanary",
        organisation="Qanary nv",
        email="qanary@example.org",
        mobile="+32473990011",
        phone="+3236202911",
        street="Qanarystraat",
        locality="Qanarydorp",
    )
    Suppression.objects.create(digest=member.email_digest, reason="bounce")
    log(member, "wagtail.edit", user=UserFactory(username="qanary_coordinator"))
    return member


@pytest.fixture
def member_import(network: Network) -> MemberImport:
    """A list that was imported into the foreign network, with a refused row."""
    member_import = MemberImport.objects.create(
        network=network,
        state=MemberImport.State.APPLIED,
        file_name="qanary.csv",
        content=b"Naam;E-mail\nQanary;qanary@example.org\n",
        refused=1,
        mapping={"header": ["Naam", "E-mail"]},
    )
    ImportRow.objects.create(
        member_import=member_import,
        line=2,
        kind="refused",
        cells=["Qanary"],
        problems=[],
    )
    return member_import


@pytest.fixture
def dispatch(member: Member) -> Dispatch:
    """Something that was sent to the foreign member."""
    dispatch = Dispatch.objects.create(
        title="Donkere maanden", purpose=Purpose.TIPS, expires_at=timezone.now()
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
def charter(network: Network) -> Charter:
    """What was agreed for the network."""
    charter: Charter = CharterFactory(network=network, text="<p>Qanary</p>")
    log(charter, "wagtail.edit", user=UserFactory(username="qanary_secretary"))
    return charter


@pytest.fixture
def sanction(member: Member) -> Sanction:
    """A suspension of the foreign member, which is in force."""
    return SanctionFactory(
        member=member,
        kind=Sanction.Kind.PERMANENT,
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
def rows(
    network: Network,
    member: Member,
    member_import: MemberImport,
    charter: Charter,
    dispatch: Dispatch,
    handover: Handover,
    sanction: Sanction,
    segment: Segment,
    mandate: Mandate,
    tip: TipPage,
) -> dict[str, Any]:
    """Rows of the network, by the name of their fixture.

    The tip is everybody's to publish; to whom it may be sent is another matter.
    """
    return {
        "network": network,
        "member": member,
        "member_import": member_import,
        "charter": charter,
        "dispatch": dispatch,
        "handover": handover,
        "sanction": sanction,
        "segment": segment,
        "mandate": mandate,
        "tip": tip,
        "user": get_user_model().objects.get(username="qanary_coordinator"),
    }


def form_data(network: Network) -> dict[str, Any]:
    """What would be a valid change of the member."""
    return {
        "network": network.pk,
        "first_name": "Changed",
        "last_name": "Changed",
        "email": "changed@example.org",
        "state": Member.State.LEFT,
        "statement": "office",
        "wishes_seen": "tips-email",
        "reason": "Changed",
        "who": SEARCH,
        "columns": ["last_name"],
        "file_format": "csv",
        "confirmed": "yes",
        "next": "/admin/",
    }


def leaks(response: Any) -> bool:
    """Whether a canary is in the body, a header or an address passed on the way."""
    body = (
        b"".join(response.streaming_content) if response.streaming else response.content
    )
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as workbook:
            body = b"".join(map(workbook.read, workbook.namelist()))
    passed = [url for url, status in getattr(response, "redirect_chain", [])]
    told = repr([list(response.headers.items()), passed]).encode()
    return any(canary in (body + told).lower() for canary in CANARIES)


def state_of(network: Network) -> list[Any]:
    """Everything of the network that a request could have changed."""
    rows: list[Any] = [
        Handover.objects.all(),
        SendingSwitch.objects.all(),
        Suppression.objects.all(),
        network.members.all(),
        Consent.objects.filter(member__network=network),
        Sanction.objects.filter(member__network=network),
        SanctionLift.objects.filter(sanction__member__network=network),
        Segment.objects.filter(network=network),
        network.imports.all(),
        network.dispatches.all(),
        network.deliveries.all(),
        MemberLogEntry.objects.filter(network=network),
        Network.objects.filter(pk=network.pk),
        network.charters.all(),
        Mandate.objects.filter(network=network),
    ]
    return [list(found.values()) for found in rows]


class Elsewhere(enum.IntEnum):
    """What is done at addresses that know nothing of networks, nor of mandates."""

    PASS_BY = 0
    LOOK = 1
    ACT = 2


@dataclasses.dataclass
class Walk:
    """What was met on the way: full names of addresses."""

    shown: set[str] = dataclasses.field(default_factory=set)
    changed: set[str] = dataclasses.field(default_factory=set)
    changed_by_get: set[str] = dataclasses.field(default_factory=set)
    broken: set[str] = dataclasses.field(default_factory=set)
    called: set[tuple[str, str]] = dataclasses.field(default_factory=set)


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


class Walker(Client):
    """A client that keeps no copy of every template's context: twice as fast."""

    def request(self, **request: Any) -> Any:
        response = self.handler(self._base_environ(**request))
        self.cookies.update(response.cookies)
        return response


def walk(client: Walker, rows: dict[str, Any], elsewhere: Elsewhere) -> Walk:
    """Call every address with the rows' keys, and take back what a POST did."""
    network, key = rows["network"], rows["member"].pk
    chosen = f"?id={key}&q={SEARCH}&networks={network.pk}&as={network.pk}-{key}"
    export = f"?id=all&network={network.pk}&export=csv"
    met, before = Walk(), state_of(network)

    def call(
        address: Address, method: Callable[..., Any], *args: Any, changed: set[str]
    ) -> None:
        with noting_writes() as writes:
            response = method(*args)
        name = address.full_name
        met.called.add((method.__name__, name))
        if leaks(response):
            met.shown.add(name)
        if "bin" in address.namespace and response.status_code >= 500:
            met.broken.add(name)
        if writes and state_of(network) != before:
            changed.add(name)

    for address in swept():
        path, ours = path_of(address, rows), address.namespace in OURS
        queries = [chosen] if address.parameters else ["", chosen]
        if any(word in address.full_name for word in EXPORTED):
            queries.append(export)
        if ours or elsewhere >= Elsewhere.LOOK:
            for query in queries if ours else [""]:
                call(address, client.get, path + query, changed=met.changed_by_get)
        if ours or elsewhere >= Elsewhere.ACT:
            with transaction.atomic():
                path += chosen if ours else ""
                data = form_data(network)
                call(address, client.post, path, data, changed=met.changed)
                transaction.set_rollback(True)
    return met


# Every role looks everywhere; two of them try to act there too.
ACTORS = {"coordinator", "without a mandate"}
WALKS = [
    *((name, whose) for name in HOLDERS for whose in ("own", "foreign")),
    *((name, "own") for name in OTHERS),
]


def elsewhere_of(name: str, whose: str) -> Elsewhere:
    """Other people's rows, and other days, make no difference there."""
    if whose == "foreign" or name == "mandates of other days":
        return Elsewhere.PASS_BY
    return Elsewhere.ACT if name in ACTORS else Elsewhere.LOOK


def test_s01_every_address_is_classified() -> None:
    unknown = [
        address
        for address in addresses()
        if address.name
        and (
            address.namespace not in OURS | ELSEWHERE
            or not address.parameters <= KEYS | set(PARAMETERS)
            or (
                address.namespace == "wagtail_bin_admin"
                and address.parameters
                and str(address.name).split("_")[0] not in SCREENS
            )
        )
    ]
    assert unknown == []
    assert {a.pattern for a in addresses() if not a.name} == UNNAMED


def test_s01_the_sweep_is_as_wide_as_it_was() -> None:
    pairs = len(swept()) * len(WALKS)
    print(f"{len(swept())} addresses × {len(WALKS)} walks = {pairs}")  # noqa: T201
    assert len(swept()) >= 300
    assert len(WALKS) == 18
    known = {address.full_name for address in swept()}
    assert set(SHOWS) <= known
    assert set(CHANGES) <= known


def expected(table: dict[str, Any], person: Person, whose: str) -> set[str]:
    """Addresses where a person sees, or changes, something of the network."""
    if person.role is None or whose == "foreign":
        return set()
    return {name for name, needed in table.items() if person.may(needed)}


@pytest.fixture
def light_admin(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    """What makes thousands of requests quick, and answers the same.

    Pages without the menu, which is the same on all of them; sessions without a
    table; no log of what is refused.
    """
    monkeypatch.setattr(menu.admin_menu, "render_component", lambda request: [])
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


# Of wagtail-localize's own report.
@pytest.mark.filterwarnings("ignore::django.core.paginator.UnorderedObjectListWarning")
@pytest.mark.parametrize(("name", "whose"), WALKS)
def test_s01_s03_every_address_shows_and_changes_what_the_office_allows(
    network: Network,
    rows: dict[str, Any],
    light_admin: None,
    name: str,
    whose: str,
) -> None:
    client, person = Walker(), (HOLDERS | OTHERS)[name]
    if person.log_in is not None:
        place = network
        if whose == "foreign" and person.role is not None:
            place = beside(person.role, network)
        client.force_login(person.log_in(place))
    elsewhere = elsewhere_of(name, whose)
    met = walk(client, rows, elsewhere)
    # None was left out: OURS with all roles, the others as far as they go.
    for method, reach in (("get", Elsewhere.LOOK), ("post", Elsewhere.ACT)):
        assert {called for how, called in met.called if how == method} == {
            address.full_name
            for address in swept()
            if address.namespace in OURS or elsewhere >= reach
        }
    assert met.broken == set()
    assert met.changed_by_get == set()
    assert met.shown == expected(SHOWS, person, whose)
    assert met.changed == expected(CHANGES, person, whose)


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
    data = form_data(network) | {"statement": "office"}
    shown = client.get(path)
    assert network.name.encode() not in shown.content
    assert own.network.name.encode() in shown.content
    response = client.post(path, data)
    assert "network" in response.context["form"].errors
    own.refresh_from_db()
    assert (own.network != network, own.last_name) == (True, "Eigen")
    assert not network.members.exists()
