"""What the sweep's one set of parameters cannot try: the same addresses, asked slyly.

Everybody here holds a strong office for one BIN and none for the other, whose member
is the canary.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.api import APIField
from wagtail.api.v3.registry import registry
from wagtail.log_actions import log

from tests.admin.conftest import Walker
from tests.admin.sweep_people import allowed_by_django
from tests.factories import (
    CharterFactory,
    MandateFactory,
    MemberFactory,
    SanctionFactory,
    UserFactory,
)
from tests.ledgers import make_delivery, make_dispatch
from wagtail_bin.models import (
    Charter,
    Dispatch,
    Mandate,
    Member,
    Network,
    Role,
    Sanction,
    Segment,
    TipPage,
)

MEMBERS = "wagtailsnippets_wagtail_bin_member"
OURS = "wagtail_bin_admin"
LISTS = (
    f"{MEMBERS}:list",
    f"{MEMBERS}:list_results",
    "wagtailsnippets_wagtail_bin_charter:list",
    "wagtailsnippetchoosers_wagtail_bin_member:choose_results",
    "wagtailsnippetchoosers_wagtail_bin_charter:choose_results",
    f"{OURS}:dispatch_index",
    f"{OURS}:households",
    f"{OURS}:import_upload",
    f"{OURS}:members_export",
    f"{OURS}:sanctions",
    f"{OURS}:segment_add",
    f"{OURS}:segments",
    f"{OURS}:worklist",
    "bin-networks:index",
    "wagtailadmin_reports:site_history",
)
# ``{network}``, ``{member}`` and the like: keys of the other BIN's rows.
QUERIES = (
    "network={network}",
    "network={own}&network={network}",
    "network={network}&export=csv",
    "network={network}&export=xlsx",
    "network__in={network}&member__network={network}",
    "q=Qanary",
    "q=Qanary&export=csv",
    "ids={member}&id={member}&pk={member}&object_id={member}",
    "segment={segment}",
    "user={user}&label=lid&action=wagtail.edit",
    "ordering=network__contact_email",
    "ordering=-sanctions__reason",
    "ordering=network__members__email",
    "p=2",
    "p=x&network=x&ordering=x",
    "locale=xx&collection_id={network}",
)


@pytest.fixture
def canary(elders: Network) -> Member:
    """The member of the other BIN, with all that a member can have."""
    member: Member = MemberFactory(
        network=elders,
        first_name="Qanary",
        last_name="Qanary",
        street="Qanarystraat",
        number="1",
        household_key="qanary",
    )
    SanctionFactory(member=member, reason="Qanary")
    Segment.objects.create(name="Qanary", network=elders, filters={"state": ["left"]})
    CharterFactory(network=elders, reference="Qanary", text="Qanary")
    dispatch = make_dispatch(title="Qanary")
    dispatch.networks.add(elders)
    make_delivery(dispatch, member)
    log(member, "wagtail.edit", user=UserFactory(username="qanary"))
    return member


@pytest.fixture
def own(heide: Network) -> Member:
    """One of one's own."""
    return MemberFactory(network=heide, last_name="Eigen")


def keys(canary: Member, heide: Network) -> dict[str, Any]:
    """What the queries are filled in with."""
    return {
        "own": heide.pk,
        "network": canary.network_id,
        "member": canary.pk,
        "segment": Segment.objects.get().pk,
        "user": get_user_model().objects.get(username="qanary").pk,
    }


def told(response: Any) -> str:
    return response.getvalue().decode(errors="replace")


def test_s01_no_query_brings_what_is_foreign_into_a_list(
    light_admin: None, heide: Network, own: Member, canary: Member
) -> None:
    client = Walker()
    client.force_login(MandateFactory(network=heide).user)
    assert "Eigen" in told(client.get(reverse(LISTS[0])))
    filled = keys(canary, heide)
    names = (canary.email, "Qanarystraat", f"Member {canary.pk}", f"lid {canary.pk}")
    for name in LISTS:
        for query in QUERIES:
            asked = f"{reverse(name)}?{query.format(**filled)}"
            response = client.get(asked)
            assert response.status_code < 500, asked
            html = told(response)
            assert not [name for name in names if name in html], asked
            # A search repeats the word that was asked, no more.
            if "q=" not in query:
                assert "qanary" not in html.lower(), asked


@pytest.mark.parametrize("query", QUERIES)
def test_s08_no_query_brings_what_is_foreign_into_a_file(
    coordinator: Client, heide: Network, own: Member, canary: Member, query: str
) -> None:
    asked = query.format(**keys(canary, heide))
    data = {"columns": ["last_name", "email"], "file_format": "csv"}
    path = f"{reverse(f'{OURS}:members_export')}?{asked}"
    response = coordinator.post(path, data, follow=True)
    assert response.status_code in {200, 404}
    assert canary.email not in told(response)


def test_s02_of_several_chosen_none_is_foreign(
    coordinator: Client, own: Member, canary: Member
) -> None:
    for model, mine in (
        ("member", own),
        ("charter", CharterFactory(network=own.network)),
    ):
        other = type(mine).objects.exclude(pk=mine.pk).get()
        path = reverse(f"wagtailsnippetchoosers_wagtail_bin_{model}:chosen_multiple")
        alone = coordinator.get(f"{path}?id={mine.pk}")
        assert [row["id"] for row in alone.json()["result"]] == [str(mine.pk)]
        both = coordinator.get(f"{path}?id={mine.pk}&id={other.pk}", follow=True)
        assert both.status_code == 404


def test_s03_a_decision_is_not_taken_by_people_of_another_bin(
    coordinator: Client, own: Member, canary: Member
) -> None:
    officer, colleague = (
        MandateFactory(network=canary.network, role=role, name="Qanary")
        for role in (Role.MANDATED_OFFICER, Role.COORDINATOR)
    )
    today = timezone.localdate().isoformat()
    data = {
        "kind": Sanction.Kind.REPRIMAND,
        "reason": "x",
        "officer": officer.pk,
        "coordinator": colleague.pk,
        "decided_on": today,
        "notified_on": today,
        "confirmed": "yes",
    }
    path = reverse(f"{OURS}:member_sanction", args=[own.pk])
    response = coordinator.post(path, data)
    assert {"officer", "coordinator"} <= set(response.context["form"].errors)
    assert "Qanary" not in told(response)
    assert not own.sanctions.exists()


def test_s03_a_saved_filter_goes_into_an_own_bin_and_is_not_taken_over(
    coordinator: Client, own: Member, canary: Member
) -> None:
    path = reverse(f"{OURS}:segment_add") + "?state=active"
    response = coordinator.post(path, {"name": "x", "network": canary.network_id})
    assert "network" in response.context["form"].errors
    path = reverse(f"{OURS}:segment_add") + f"?network={canary.network_id}"
    assert coordinator.post(path, {"name": "x"}, follow=True).status_code == 404
    private = Segment.objects.create(
        name="Qanary", user=UserFactory(), filters={"state": ["left"]}
    )
    assert "Qanary" not in told(coordinator.get(reverse(f"{OURS}:segments")))
    path = reverse(f"{OURS}:segment_delete", args=[private.pk])
    assert coordinator.post(path, follow=True).status_code == 404
    assert Segment.objects.count() == 2


@pytest.mark.parametrize("verb", ["add", "edit"])
def test_s03_a_charter_is_not_moved_to_a_foreign_bin(
    coordinator: Client, heide: Network, canary: Member, verb: str
) -> None:
    charter = CharterFactory(network=heide)
    args = [charter.pk] if verb == "edit" else []
    path = reverse(f"wagtailsnippets_wagtail_bin_charter:{verb}", args=args)
    data = {"network": canary.network_id, "version": 7, "text": "null"}
    response = coordinator.post(path, data)
    assert "network" in response.context["form"].errors
    assert "BIN Elders" not in told(response)
    assert not Charter.objects.filter(version=7).exists()


def test_s01_no_foreign_member_is_the_example_of_a_mail(
    officer: Client, heide: Network, own: Member, canary: Member, tip: TipPage
) -> None:
    allowed_by_django(officer.user)  # type: ignore[attr-defined]
    for name in ("send", "send_preview"):
        for first in (heide.pk, canary.network_id, "x"):
            path = reverse(f"{OURS}:{name}", args=[tip.pk])
            query = f"networks={heide.pk}&networks={canary.network_id}"
            asked = f"{path}?{query}&as={first}-{canary.pk}"
            for response in (
                officer.get(asked),
                officer.post(asked, {"q": "Qanary", "as": f"{first}-{canary.pk}"}),
            ):
                html = told(response)
                assert response.status_code < 500
                assert canary.email not in html
                assert "Qanarystraat" not in html
    assert not Dispatch.objects.exclude(title="Qanary").exists()


def test_i09_no_filter_opens_the_rest_of_a_shared_dispatch(
    coordinator: Client, own: Member, canary: Member
) -> None:
    shared = Dispatch.objects.get()
    shared.networks.add(own.network)
    make_delivery(shared, own)
    for suffix, query in (
        ("", f"?network={canary.network_id}"),
        ("", "?state=accepted&channel=email&p=1"),
        ("_results", f"?network={canary.network_id}"),
    ):
        path = reverse(f"{OURS}:dispatch_deliveries{suffix}", args=[shared.pk])
        for response in (
            coordinator.get(path + query),
            coordinator.post(path + query, {"who": canary.email.partition("@")[0]}),
        ):
            assert "Qanarystraat" not in told(response)
            assert canary.email not in told(response)


def test_s01_an_office_ends_in_the_middle_of_a_session(
    coordinator: Client, own: Member
) -> None:
    list_path = reverse(f"{MEMBERS}:list")
    edit_path = reverse(f"{MEMBERS}:edit", args=[own.pk])
    assert "Eigen" in told(coordinator.get(list_path))
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    Mandate.objects.update(ends_on=yesterday)
    before = Member.objects.values().get()
    data = {"network": own.network_id, "last_name": "Changed", "state": "left"}
    for response in (
        coordinator.get(list_path, follow=True),
        coordinator.get(edit_path, follow=True),
        coordinator.post(edit_path, data, follow=True),
    ):
        assert "Eigen" not in told(response)
    assert Member.objects.values().get() == before


@pytest.mark.parametrize("model", [Charter, Member])
def test_s06_no_api_knows_a_snippet_of_ours(model: Any) -> None:
    assert APIField.get_fields_for_model(model) == []
    assert not registry.has(model._meta.label)
