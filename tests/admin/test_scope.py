"""Nobody sees or changes the members of a network without a mandate for it.

The sweep walks every address of the Wagtail admin, Wagtail's own and other
packages' included, with the primary key of a foreign member in every place that
takes one. All its users may do everything with members as far as Django's model
permissions go: mandates alone decide.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone
from wagtail.log_actions import log
from wagtail.models import GroupPagePermission, Locale

from tests.factories import (
    MandateFactory,
    MemberFactory,
    MunicipalityFactory,
    NetworkFactory,
    UserFactory,
)
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Delivery,
    Dispatch,
    Handover,
    Member,
    MemberImport,
    MemberLogEntry,
    Network,
    Purpose,
    RefusedRow,
    Role,
    SendingSwitch,
    Suppression,
    TipPage,
)

# Spelt so that no time zone is called the same. What of the foreign member must not be seen. The search is for another word,
# since a search box repeats what was asked for.
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
    "wagtail_bin_admin",
    "wagtail_localize",
    "wagtailadmin_editing_sessions",
    "wagtailadmin_reports",
    "wagtailsnippetchoosers_wagtail_bin_member",
    "wagtailsnippets",
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
    "send": "tip",
    "worklist": "member",
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
# Screens elsewhere do not ask about mandates, so one role with a mandate and one
# without walk those for all.
WALKS_ELSEWHERE = {"coordinator of another BIN", "user without a mandate"}
# Who sends to the foreign BIN without seeing its members may stop and repeat what
# was sent to it; that too shows nothing of them.
SENDERS = {"web editor of the municipality", "mandated officer of the zone"}
CONTROLS = {
    f"dispatch_{verb}"
    for verb in ("pause", "resume", "retry", "cancel", "reschedule", "resolve")
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
}
KEYS = {
    "collection_id",
    "destination_id",
    "doc_id",
    "document_id",
    "image_id",
    "object_id",
    "overridable_segment_id",
    "page_id",
    "page_pk",
    "page_to_move_id",
    "parent_page_id",
    "pk",
    "redirect_id",
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
    """Every pattern under ``/admin/``."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(entry.pattern)
        if not route.startswith("admin/"):
            continue
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


def path_of(address: Address, foreign: dict[str, Any]) -> str:
    """The address with the foreign row's key wherever it takes one."""
    row = foreign["member"]
    if address.namespace == "wagtail_bin_admin" and address.parameters:
        row = foreign[SCREENS[str(address.name).split("_")[0]]]
    arguments = {name: PARAMETERS.get(name, row.pk) for name in address.parameters}
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
    )
    RefusedRow.objects.create(member_import=member_import, line=2, cells=["Qanary"])
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
def foreign(
    member: Member,
    member_import: MemberImport,
    dispatch: Dispatch,
    handover: Handover,
    tip: TipPage,
) -> dict[str, Any]:
    """Rows of the foreign network, by the name of their fixture.

    The tip is everybody's to publish; to whom it may be sent is another matter.
    """
    return {
        "member": member,
        "member_import": member_import,
        "dispatch": dispatch,
        "handover": handover,
        "tip": tip,
    }


def allowed_by_django(user: Any) -> Any:
    editors, _ = Group.objects.get_or_create(name="Editors of the sweep")
    for page in TipPage.objects.all():
        for codename in ("change_page", "publish_page"):
            GroupPagePermission.objects.get_or_create(
                group=editors,
                page=page,
                permission=Permission.objects.get(
                    content_type__app_label="wagtailcore", codename=codename
                ),
            )
    user.groups.add(editors)
    user.user_permissions.add(
        *Permission.objects.filter(
            content_type__app_label="wagtail_bin",
            content_type__model__in=["member", "memberlogentry", "consent"],
        )
    )
    return user


def user_with(role: Role | None, **scope: Any) -> Any:
    user = allowed_by_django(UserFactory())
    if role is not None:
        MandateFactory(user=user, role=role, **scope)
    return user


ROLES = {
    "web editor of the municipality": lambda network: user_with(
        Role.WEB_EDITOR, network=None, municipality=network.municipality
    ),
    "prevention officer of another municipality": lambda network: user_with(
        Role.PREVENTION_OFFICER, network=None, municipality=MunicipalityFactory()
    ),
    "coordinator of another BIN": lambda network: user_with(
        Role.COORDINATOR, network=NetworkFactory(municipality=network.municipality)
    ),
    "mandated officer of the zone": lambda network: user_with(
        Role.MANDATED_OFFICER, network=None, police_zone=network.police_zone
    ),
    "coordinator whose term is over": lambda network: user_with(
        Role.COORDINATOR, network=network, ends_on=dt.date(2020, 12, 31)
    ),
    "user without a mandate": lambda network: user_with(None),
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
        "who": SEARCH,
        "next": "/admin/",
    }


def leaks(response: Any) -> bool:
    """Whether a canary is in the body, a header or an address passed on the way."""
    body = (
        b"".join(response.streaming_content) if response.streaming else response.content
    )
    passed = [url for url, status in getattr(response, "redirect_chain", [])]
    told = repr([list(response.headers.items()), passed]).encode()
    return any(canary in (body + told).lower() for canary in CANARIES)


def is_bad(response: Any, address: Address) -> bool:
    """Whether an answer tells what it must not, or one of our screens breaks."""
    ours = "bin" in address.namespace
    return leaks(response) or (ours and response.status_code >= 500)


def state_of(network: Network) -> list[Any]:
    """Everything of the network that a request could have changed."""
    rows: list[Any] = [
        Handover.objects.all(),
        SendingSwitch.objects.all(),
        Suppression.objects.all(),
        network.members.all(),
        Consent.objects.filter(member__network=network),
        network.imports.all(),
        network.dispatches.all(),
        network.deliveries.all(),
        MemberLogEntry.objects.filter(network=network),
    ]
    return [list(found.values()) for found in rows]


def test_s01_every_address_of_the_admin_is_classified() -> None:
    unknown = [
        address
        for address in addresses()
        if address.namespace not in OURS | ELSEWHERE
        or not address.parameters <= KEYS | set(PARAMETERS)
        or (
            address.namespace == "wagtail_bin_admin"
            and address.parameters
            and str(address.name).split("_")[0] not in SCREENS
        )
    ]
    assert unknown == []
    assert len(swept()) > 200


# Of wagtail-localize's own report.
@pytest.mark.filterwarnings("ignore::django.core.paginator.UnorderedObjectListWarning")
@pytest.mark.parametrize("role", ROLES)
def test_s01_s03_no_address_shows_or_changes_a_foreign_row(
    client: Client, network: Network, foreign: dict[str, Any], role: str
) -> None:
    client.force_login(ROLES[role](network))
    client.raise_request_exception = False
    key = foreign["member"].pk
    chosen = f"?id={key}&q={SEARCH}&networks={network.pk}&as={network.pk}-{key}"
    export = f"?id=all&network={network.pk}&export=csv"
    before = state_of(network)
    found = []
    for address in swept():
        path = path_of(address, foreign)
        ours = address.namespace in OURS
        if not ours and role not in WALKS_ELSEWHERE:
            continue
        for query in ("", chosen, export) if ours else ("",):
            response = client.get(path + query)
            found += [("GET", path + query)] * is_bad(response, address)
        path += chosen if ours else ""
        response = client.post(path, form_data(network), follow=True)
        found += [("POST", path)] * is_bad(response, address)
        after = state_of(network)
        if after != before and not (role in SENDERS and address.name in CONTROLS):
            pytest.fail(f"POST {path} changed something")
        before = after
    assert found == []


def test_the_sweep_finds_what_the_own_coordinator_may_see(
    client: Client, network: Network, foreign: dict[str, Any]
) -> None:
    client.force_login(user_with(Role.COORDINATOR, network=network))
    seen = {
        address.name
        for address in swept()
        if address.namespace == "wagtailsnippets_wagtail_bin_member"
        and leaks(client.get(path_of(address, foreign)))
    }
    assert seen == {
        "list",
        "list_results",
        "edit",
        "delete",
        "history",
        "history_results",
    }


def test_the_sweep_finds_what_who_may_send_and_see_may_see(
    client: Client, network: Network, foreign: dict[str, Any]
) -> None:
    client.force_login(user_with(Role.PREVENTION_OFFICER, network=network))
    path = reverse("wagtail_bin_admin:send", args=[foreign["tip"].pk])
    assert leaks(client.get(f"{path}?networks={network.pk}&q={SEARCH}"))


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
