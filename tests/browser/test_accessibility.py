"""Our screens of the admin, each looked at by axe: nobody is kept out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page
from wagtail.models import Site

from tests.browser.accessibility import violations
from tests.browser.test_main_job import publishes_on
from tests.content import make_tip
from tests.factories import (
    MandateFactory,
    MemberFactory,
    MunicipalityFactory,
    NetworkFactory,
    SanctionFactory,
    UserFactory,
)
from tests.ledgers import State, deliver_to, make_delivery, make_dispatch
from wagtail_bin.models import Member, Role, Segment, Suppression

pytestmark = [
    pytest.mark.any_database,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]

# Wagtail's editor of snippets has no heading of the first level. No criterion of
# WCAG asks for one.
WITHOUT_HEADING = {"member", "member-new"}
MEMBERS = "wagtailsnippets_wagtail_bin_member"
BULK = "/admin/bulk/wagtail_bin/member"


@pytest.fixture
def officer(home: Any) -> Any:
    """Somebody who holds every office and has every right."""
    municipality = MunicipalityFactory(
        name_nl="Heidebeek", languages="nl,fr", site=Site.objects.get(root_page=home)
    )
    network = NetworkFactory(name="BIN Heide", slug="heide", municipality=municipality)
    user = UserFactory(first_name="Petra", last_name="Wouters", is_superuser=True)
    MandateFactory(role=Role.COORDINATOR, network=network, user=user)
    MandateFactory(role=Role.PREVENTION_OFFICER, network=network, user=user)
    publishes_on(home, user)
    user.user_permissions.add(Permission.objects.get(codename="change_sendingswitch"))
    return user


@pytest.fixture
def addresses(officer: Any, tip_index: Any) -> dict[str, str]:
    """Each screen with something on it: its name to its address."""
    mandate = officer.bin_mandates.get(role=Role.COORDINATOR)
    network = mandate.network
    place = {"street": "Dorp", "number": "3", "postcode": "2920"}
    MemberFactory.create_batch(3, network=network, **place)
    member = MemberFactory(network=network, mobile="+32473865387", **place)
    unconfirmed = MemberFactory(network=network, state=Member.State.UNCONFIRMED)
    sanction = SanctionFactory(
        member=MemberFactory(network=network, state=Member.State.EXCLUDED),
        kind="permanent",
    )
    segment = Segment.objects.create(
        name="Zonder", user=officer, filters={"missing": ["email"]}
    )
    tip = make_tip(tip_index)
    dispatch = make_dispatch(networks=[network], page=tip)
    deliver_to(dispatch, network, State.UNKNOWN, number=2)
    deliver_to(dispatch, network, State.REJECTED)
    deliver_to(dispatch, network, State.QUEUED)
    make_delivery(dispatch, member)
    bounced = MemberFactory(network=network)
    Suppression.objects.create(digest=bounced.email_digest, reason="bounce")

    def our(name: str, *args: Any) -> str:
        return reverse(f"wagtail_bin_admin:{name}", args=args)

    ids = f"?next=/admin/&id={member.pk}&id={unconfirmed.pk}"
    later = timezone.now() + dt.timedelta(days=1)
    waiting = make_dispatch(networks=[network], page=tip, not_before=later)
    deliver_to(waiting, network, State.QUEUED)
    return {
        "home": reverse("wagtailadmin_home"),
        "members": reverse(f"{MEMBERS}:list"),
        "member": reverse(f"{MEMBERS}:edit", args=[member.pk]),
        "member-new": reverse(f"{MEMBERS}:add"),
        "member-history": reverse(f"{MEMBERS}:history", args=[member.pk]),
        "member-sanction": our("member_sanction", member.pk),
        "members-export": our("members_export"),
        "bulk-invite": f"{BULK}/invite/{ids}",
        "bulk-move": f"{BULK}/move/{ids}",
        "bulk-suspend": f"{BULK}/suspend/{ids}",
        "bulk-export": f"{BULK}/export/{ids}",
        "households": our("households"),
        "sanctions": our("sanctions"),
        "sanction-lift": our("sanction_lift", sanction.pk),
        "segments": our("segments"),
        "segment-new": our("segment_add") + "?missing=email",
        "segment-delete": our("segment_delete", segment.pk),
        "worklist": our("worklist"),
        "import": our("import_upload"),
        "send": our("send", tip.pk),
        "dispatches": our("dispatch_index"),
        "dispatch": our("dispatch", dispatch.pk),
        "deliveries": our("dispatch_deliveries", dispatch.pk),
        "dispatch-resolve": our("dispatch_resolve", dispatch.pk),
        "dispatch-cancel": our("dispatch_cancel", dispatch.pk),
        "dispatch-reschedule": our("dispatch_reschedule", waiting.pk),
        "switch": our("switch"),
        "season-calendar": our("season_report"),
        "next-year": our("next_year", tip.pk),
        "networks": reverse("bin-networks:index"),
        "network": reverse("bin-networks:edit", args=[network.pk]),
        "network-look": reverse("bin-networks:inspect", args=[network.pk]),
        "mandates": reverse("bin-mandates:index"),
        "mandate": reverse("bin-mandates:edit", args=[mandate.pk]),
        "mandate-hand-over": reverse("bin-mandates:hand_over", args=[mandate.pk]),
        "municipalities": reverse("bin-municipalities:index"),
        "municipality": reverse(
            "bin-municipalities:edit", args=[network.municipality_id]
        ),
        "police-zones": reverse("bin-police-zones:index"),
        "police-zone": reverse("bin-police-zones:edit", args=[network.police_zone_id]),
    }


def test_axe_finds_nothing_wrong_with_our_screens(
    site: str,
    officer: Any,
    addresses: dict[str, str],
    open_page: Callable[..., Page],
) -> None:
    client = Client()
    client.force_login(officer)
    page = open_page(locale="en-GB", viewport={"width": 1280, "height": 1500})
    name = django_settings.SESSION_COOKIE_NAME
    page.context.add_cookies(
        [{"name": name, "value": client.cookies[name].value, "url": site}]
    )
    found: dict[str, list[str]] = {}
    for screen, path in addresses.items():
        response = page.goto(site + path)
        assert response is not None
        assert response.status == 200, screen
        assert page.url == site + path, screen
        page.wait_for_load_state("networkidle")
        rules = {"page-has-heading-one"} if screen in WITHOUT_HEADING else set()
        if wrong := violations(page, ignoring=rules):
            found[screen] = wrong
    assert found == {}
