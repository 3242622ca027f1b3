"""Themes are plain translatable snippets."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from wagtail.models import Locale

from tests.factories import UserFactory
from wagtail_bin.models import Theme

BASE = "wagtailsnippets_wagtail_bin_theme"


@pytest.mark.django_db
def test_a_theme_is_kept_by_model_permission(client: Client) -> None:
    locale, _ = Locale.objects.get_or_create(language_code="nl")
    editor = UserFactory()
    client.force_login(editor)
    path = reverse(f"{BASE}:add")
    data = {"name": "Inbraak", "slug": "inbraak", "locale": locale.pk}
    assert client.post(path, data).status_code == 302
    assert not Theme.objects.exists()
    editor.user_permissions.add(Permission.objects.get(codename="add_theme"))
    client.post(path, data)
    assert Theme.objects.get().name == "Inbraak"
    assert b"Inbraak" in client.get(reverse(f"{BASE}:list")).content
