"""Publish and send, as the editor meets it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import GroupPagePermission, Locale
from wagtail.test.utils.form_data import nested_form_data, rich_text, streamfield

from tests.conftest import MailSink
from tests.factories import (
    MandateFactory,
    MemberFactory,
    NetworkFactory,
    UserFactory,
)
from wagtail_bin.models import Delivery, Dispatch, Role, TipPage

pytestmark = pytest.mark.django_db


@pytest.fixture
def network() -> Any:
    return NetworkFactory(name="BIN Heide", slug="heide")


@pytest.fixture
def editor(network: Any, home: Any) -> Any:
    """A municipal web editor who may publish on the site."""
    user = MandateFactory(
        role=Role.WEB_EDITOR, network=None, municipality=network.municipality
    ).user
    group = Group.objects.create(name="editors")
    user.groups.add(group)
    for codename in ("add_page", "change_page", "publish_page"):
        GroupPagePermission.objects.create(
            group=group,
            page=home,
            permission=GroupPagePermission._meta.get_field(
                "permission"
            ).remote_field.model.objects.get(codename=codename),
        )
    return user


@pytest.fixture
def browser(editor: Any) -> Client:
    client = Client()
    client.force_login(editor)
    return client


def send_url(tip: TipPage) -> str:
    return reverse("wagtail_bin_admin:send", args=[tip.pk])


def confirm(
    browser: Client, tip: TipPage, network: Any, expected: int, **data: Any
) -> Any:
    return browser.post(
        send_url(tip),
        {"networks": [network.pk], "expected": expected, "seen": "", "confirm": "1"}
        | data,
    )


def form_data(tip: TipPage) -> dict[str, Any]:
    return nested_form_data(
        {
            "title": tip.title,
            "slug": tip.slug,
            "introduction": tip.introduction,
            "body": streamfield([("paragraph", rich_text("<p>Sluit af.</p>"))]),
            "season": "all_year",
        }
    )


def test_the_editor_finds_publish_and_send_among_the_page_actions(
    browser: Client, tip: TipPage
) -> None:
    edit = reverse("wagtailadmin_pages:edit", args=[tip.pk])
    assert b'name="action-publish-and-send"' in browser.get(edit).content
    response = browser.post(edit, form_data(tip) | {"action-publish-and-send": "1"})
    assert response.status_code == 302
    assert response["Location"] == send_url(tip)
    tip.refresh_from_db()
    assert not tip.live


def test_a_new_tip_can_be_sent_from_where_it_is_written(
    browser: Client, tip_index: Any, tip: TipPage
) -> None:
    add = reverse(
        "wagtailadmin_pages:add", args=["wagtail_bin", "tippage", tip_index.pk]
    )
    assert b'name="action-publish-and-send"' in browser.get(add).content
    data = form_data(tip) | {"slug": "nieuw", "action-publish-and-send": "1"}
    response = browser.post(add, data)
    assert response["Location"] == send_url(TipPage.objects.get(slug="nieuw"))


def test_autosave_leads_nowhere(browser: Client, tip: TipPage) -> None:
    edit = reverse("wagtailadmin_pages:edit", args=[tip.pk])
    response = browser.post(
        edit,
        form_data(tip) | {"action-publish-and-send": "1"},
        headers={"Accept": "application/json"},
    )
    assert response.status_code == 200


def test_without_a_mandate_there_is_no_such_action(home: Any, tip: TipPage) -> None:
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=False))
    assert client.get(send_url(tip)).status_code in (302, 403)


def test_s01_only_own_networks_are_shown_and_can_be_sent_to(
    browser: Client, tip: TipPage, network: Any
) -> None:
    MemberFactory(network=network)
    foreign = NetworkFactory(name="BIN Elders")
    MemberFactory(network=foreign)
    page = browser.get(send_url(tip)).content.decode()
    assert "BIN Heide" in page
    assert "BIN Elders" not in page
    confirm(browser, tip, foreign, 1)
    assert not Delivery.objects.filter(network=foreign).exists()


def test_the_numbers_per_language_and_reason_are_exact(
    browser: Client, tip: TipPage, network: Any
) -> None:
    other = NetworkFactory(municipality=network.municipality)
    MemberFactory.create_batch(3, network=network)
    MemberFactory(network=network, language="fr")
    MemberFactory(network=network, email="", phone="+3236202929")
    MemberFactory.create_batch(2, network=other)
    response = browser.get(send_url(tip), {"networks": [network.pk]})
    audience = response.context["audience"]
    assert audience.total == 4
    assert audience.languages == {"nl": 4}
    assert audience.missing == {"fr": 1}
    assert audience.unreachable == {"no_address": 1}
    page = response.content.decode()
    assert 'name="expected" value="4"' in page
    assert [row["total"] for row in response.context["rows"]] == [4, 2]


def test_a_draft_translation_is_named_with_the_way_to_it(
    browser: Client, tip: TipPage, network: Any
) -> None:
    MemberFactory(network=network, language="fr")
    french = tip.copy_for_translation(
        Locale.objects.get_or_create(language_code="fr")[0], copy_parents=True
    )
    page = browser.get(send_url(tip), {"networks": [network.pk]}).content.decode()
    assert reverse("wagtailadmin_pages:edit", args=[french.pk]) in page


def test_confirming_publishes_fills_the_ledger_and_shows_progress(
    browser: Client, tip: TipPage, network: Any
) -> None:
    MemberFactory.create_batch(2, network=network)
    response = confirm(browser, tip, network, 2)
    dispatch = Dispatch.objects.get()
    assert response["Location"] == reverse(
        "wagtail_bin_admin:dispatch", args=[dispatch.pk]
    )
    tip.refresh_from_db()
    assert tip.live
    page = browser.get(response["Location"])
    assert page.context["progress"].waiting == 2
    part = browser.get(response["Location"], {"part": "1"}).content.decode()
    assert 'data-done="false"' in part
    assert "<html" not in part


def test_f27_a_double_click_makes_one_dispatch(
    browser: Client, tip: TipPage, network: Any
) -> None:
    MemberFactory(network=network)
    first = confirm(browser, tip, network, 1)
    second = confirm(browser, tip, network, 1)
    assert second["Location"] == first["Location"]
    assert Dispatch.objects.count() == 1
    assert Delivery.objects.count() == 1


def test_a_changed_number_comes_back_with_the_new_one(
    browser: Client, tip: TipPage, network: Any
) -> None:
    MemberFactory.create_batch(2, network=network)
    response = confirm(browser, tip, network, 1)
    assert response["Location"].startswith(send_url(tip))
    assert not Dispatch.objects.exists()


def test_i10_looking_changes_nothing(
    browser: Client, tip: TipPage, network: Any
) -> None:
    MemberFactory(network=network)
    browser.get(send_url(tip), {"networks": [network.pk], "confirm": "1"})
    browser.get(reverse("wagtail_bin_admin:send_preview", args=[tip.pk]))
    tip.refresh_from_db()
    assert not tip.live
    assert not Dispatch.objects.exists()


def test_a_test_goes_to_the_editor_alone_and_is_marked(
    browser: Client, tip: TipPage, network: Any, editor: Any, sink: MailSink
) -> None:
    MemberFactory(network=network)
    response = browser.post(
        send_url(tip), {"networks": [network.pk], "test": "1"}, follow=True
    )
    assert editor.email in response.content.decode()
    (mail,) = sink.messages
    assert mail["X-Envelope-To"] == editor.email
    assert mail["Subject"].startswith("TEST: ")
    assert not Dispatch.objects.exists()
    tip.refresh_from_db()
    assert not tip.live


def test_a_test_without_a_mail_server_says_so(
    browser: Client, tip: TipPage, network: Any, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    response = browser.post(
        send_url(tip), {"networks": [network.pk], "test": "1"}, follow=True
    )
    assert "ConnectionRefusedError" in response.content.decode()


def test_a_web_editor_sees_no_members_but_example_mails(
    browser: Client, tip: TipPage, network: Any
) -> None:
    member = MemberFactory(network=network, first_name="Geheim")
    url = send_url(tip)
    for query in (
        {"networks": [network.pk], "q": "geheim"},
        {"networks": [network.pk], "as": f"{network.pk}-{member.pk}"},
    ):
        page = browser.post(url, {**query, "look": "1"}).content.decode()
        assert "Geheim" not in page.replace('value="geheim"', "")
        assert member.email not in page
        preview = browser.get(
            reverse("wagtail_bin_admin:send_preview", args=[tip.pk]), query
        ).content.decode()
        assert "Geheim" not in preview


def test_who_may_see_members_sees_the_mail_of_a_chosen_one(
    browser: Client, tip: TipPage, network: Any, editor: Any
) -> None:
    MandateFactory(
        role=Role.PREVENTION_OFFICER,
        network=None,
        municipality=network.municipality,
        user=editor,
    )
    member = MemberFactory(network=network, first_name="Zoë", last_name="Peeters")
    foreign = MemberFactory(first_name="Zoë", last_name="Elders")
    url = send_url(tip)
    asked = {"networks": [network.pk], "q": "zoe peet", "look": "1"}
    found = browser.post(url, asked)
    assert found.context["found"] == [member]
    # A search is in no address: those are kept by servers.
    assert "zoe" not in found.context["preview_url"]
    assert browser.get(url, asked).context["found"] == []
    query = {"networks": [network.pk], "as": f"{network.pk}-{member.pk}"}
    preview = browser.get(
        reverse("wagtail_bin_admin:send_preview", args=[tip.pk]), query
    )
    assert "Zoë Peeters" in preview.content.decode()
    assert "sandbox" in preview["Content-Security-Policy"]
    assert preview["X-Frame-Options"] == "SAMEORIGIN"
    query["as"] = f"{network.pk}-{foreign.pk}"
    assert "Elders" not in browser.get(url, query).content.decode()


def test_s18_no_link_in_a_preview_unsubscribes_anybody(
    browser: Client, tip: TipPage, network: Any, editor: Any
) -> None:
    MandateFactory(role=Role.COORDINATOR, network=network, user=editor)
    member = MemberFactory(network=network, first_name="Zoë")
    query = {"networks": [network.pk], "as": f"{network.pk}-{member.pk}"}
    preview = browser.get(
        reverse("wagtail_bin_admin:send_preview", args=[tip.pk]), query
    )
    texts = (preview.content, browser.get(send_url(tip), query).content)
    assert all("Zoë".encode() in text for text in texts)
    links = {
        link
        for text in texts
        for link in re.findall(r"/bin/unsubscribe/[^/]+/", str(text))
    }
    assert len(links) == 1
    for link in links:
        assert Client().get(link).status_code == 410
        assert Client().post(link).status_code == 410
    assert member.consents.filter(is_given=False).count() == 0


def test_s09_where_two_people_are_wanted_the_author_cannot_confirm(
    browser: Client, tip: TipPage, network: Any, editor: Any
) -> None:
    MemberFactory(network=network)
    type(network.municipality).objects.update(needs_four_eyes=True)
    editor.first_name = "An"
    editor.save()
    tip.title = "Sluit ook overdag af"
    tip.save_revision(user=editor)
    colleague = UserFactory(first_name="Bea", last_name="Janssens")
    colleague.groups.set(editor.groups.all())
    MandateFactory(role=Role.WEB_EDITOR, user=colleague, network=network)

    page = browser.get(
        send_url(tip), {"networks": [network.pk]}, headers={"Accept-Language": "en"}
    )
    assert "These people can: Bea Janssens." in page.context["hindrance"]
    assert "disabled data-bin-confirm" in page.content.decode()
    confirm(browser, tip, network, 1)
    assert not Dispatch.objects.exists()

    # The colleague opens the page and presses the button, which saves it as it is.
    other = Client()
    other.force_login(colleague)
    edit = reverse("wagtailadmin_pages:edit", args=[tip.pk])
    assert send_url(tip) in other.get(edit).content.decode()
    assert other.get(send_url(tip)).context["hindrance"] == ""
    confirm(other, tip, network, 1)
    assert Dispatch.objects.get().approved_by == colleague


def test_s01_the_list_of_dispatches_shows_own_ones(
    browser: Client, tip: TipPage, network: Any
) -> None:
    MemberFactory(network=network)
    confirm(browser, tip, network, 1)
    page = browser.get(reverse("wagtail_bin_admin:dispatch_index")).content.decode()
    assert "Donkere maanden" in page
    stranger = Client()
    stranger.force_login(MandateFactory(role=Role.WEB_EDITOR).user)
    index = stranger.get(reverse("wagtail_bin_admin:dispatch_index")).content.decode()
    assert "Donkere maanden" not in index
    dispatch = Dispatch.objects.get()
    url = reverse("wagtail_bin_admin:dispatch", args=[dispatch.pk])
    # The locale middleware turns a 404 into a detour that ends in one.
    final = stranger.get(url, follow=True)
    assert final.status_code == 404
    assert "Donkere maanden" not in final.content.decode()


def test_a_mail_never_leaves_before_its_page_is_live(
    browser: Client, tip: TipPage, network: Any
) -> None:
    """What is confirmed now with a page of tomorrow is refused, and says when."""
    MemberFactory(network=network)
    tip.go_live_at = timezone.now() + dt.timedelta(days=1)
    tip.save_revision()
    answer = browser.post(
        send_url(tip),
        {"networks": [network.pk], "expected": 1, "seen": "", "confirm": "1"},
        headers={"Accept-Language": "en"},
        follow=True,
    )
    day = timezone.localtime(tip.go_live_at).strftime("%d/%m/%Y %H:%M")
    assert f"This page goes live only on {day}" in answer.content.decode()
    assert not Dispatch.objects.exists()
    assert not Delivery.objects.exists()
    tip.refresh_from_db()
    assert not tip.live
