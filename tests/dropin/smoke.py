"""One walk through the site: its pages, the editor of a tip, and a dispatch."""

from __future__ import annotations

import django


def main() -> None:
    django.setup()
    from django.test import Client
    from django.urls import reverse
    from wagtail.models import Locale, Site

    from tests.dropin.town.models import (
        Advice,
        AdviceIndex,
        Neighbourhood,
        NeighbourhoodIndex,
        TownPage,
        User,
    )
    from tests.factories import MemberFactory, NetworkFactory
    from wagtail_bin.dispatch.approve import approve_dispatch

    locale, _ = Locale.objects.get_or_create(language_code="nl")
    root = TownPage.objects.filter(depth=1).first() or TownPage.add_root(
        instance=TownPage(title="Root", slug="root", locale=locale)
    )
    home = root.add_child(instance=TownPage(title="Town", slug="town", locale=locale))
    Site.objects.update_or_create(
        is_default_site=True, defaults={"hostname": "testserver", "root_page": home}
    )
    network = NetworkFactory()
    MemberFactory(network=network)
    library = home.add_child(
        instance=AdviceIndex(title="Tips", slug="tips", locale=locale)
    )
    bins = home.add_child(
        instance=NeighbourhoodIndex(title="BINs", slug="bins", locale=locale)
    )
    tip = library.add_child(
        instance=Advice(title="Licht", slug="licht", introduction="Aan", locale=locale)
    )
    tip.save_revision().publish()
    one = bins.add_child(
        instance=Neighbourhood(
            title="Dorp", slug="dorp", network=network, locale=locale
        )
    )
    user = User.objects.create_superuser("web@town.example", "secret")
    client = Client()
    for page in (library, tip, bins, one):
        response = client.get(page.url)
        assert response.status_code == 200, page
        assert "Somebody else's town" in response.content.decode(), page
        assert page.title in response.content.decode(), page
    client.force_login(user)
    editor = client.get(reverse("wagtailadmin_pages:edit", args=[tip.pk]))
    assert editor.status_code == 200
    send = client.get(reverse("wagtail_bin_admin:send", args=[tip.pk]))
    assert send.status_code == 200
    for address in (
        reverse("wagtail_bin_admin:season_report"),
        reverse("wagtail_bin_admin:next_year", args=[tip.pk]),
        reverse("wagtail_bin:poster", args=[tip.pk]),
        reverse("wagtail_bin:embedded_tips"),
        reverse("wagtail_bin:feed", args=["atom"]),
    ):
        assert client.get(address).status_code == 200, address
    tip.refresh_from_db()
    dispatch = approve_dispatch(
        page=tip,
        networks=[network],
        user=user,
        expected_recipients=1,
        seen_dispatch=None,
    ).dispatch
    assert dispatch.page.pk == tip.pk
    assert list(tip.dispatches()) == [dispatch]
    assert dispatch.deliveries.count() == 1


if __name__ == "__main__":
    main()
