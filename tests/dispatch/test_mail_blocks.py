"""Every block of a tip's body as it stands in a mail, as HTML and as text."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.images.tests.utils import get_test_image_file

from wagtail_bin.dispatch.compose import compose

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    return get_image_model().objects.create(
        title="deur.jpg", file=get_test_image_file("deur.png")
    )


@pytest.fixture
def document(settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    return get_document_model().objects.create(
        title="brochure", file=ContentFile(b"x", name="brochure.pdf")
    )


def mail(tip: Any, *blocks: tuple[str, Any]) -> tuple[str, str]:
    """HTML and text of a tip with these blocks."""
    tip.body = list(blocks)
    message = compose(pages={"nl": tip}, layout="nl")
    return message.html, message.text


def test_a_checklist_can_be_ticked_off(tip: Any) -> None:
    block = {"heading": "Voor u weggaat", "items": ["Deur & raam", "Licht"]}
    html, text = mail(tip, ("checklist", block))
    assert "<h2>Voor u weggaat</h2>" in html
    assert "☐ Deur &amp; raam" in html
    assert "VOOR U WEGGAAT\n☐ Deur & raam\n☐ Licht" in text


def test_p12_an_image_is_told_and_never_fetched(tip: Any, image: Any) -> None:
    block = {"image": image, "alt_text": "Een <deur> met slot", "decorative": False}
    html, text = mail(tip, ("image", block))
    assert "<img" not in html
    assert image.file.url not in html + text
    assert "Een &lt;deur&gt; met slot" in html
    assert f'<a href="{tip.full_url}">' in html
    assert f"Een <deur> met slot\n{tip.full_url}" in text


def test_a_decorative_image_is_left_out(tip: Any, image: Any) -> None:
    html, text = mail(tip, ("image", {"image": image, "decorative": True}))
    # Only the way to the page is left.
    assert html.count(tip.full_url) == text.count(tip.full_url) == 1
    assert "<img" not in html
    assert image.title not in html + text


def test_a_video_is_a_title_and_a_link(tip: Any) -> None:
    address = "https://video.example/v?a=1&b=2"
    html, text = mail(tip, ("video", {"title": "Zo <werkt> het", "url": address}))
    assert 'href="https://video.example/v?a=1&amp;b=2"' in html
    assert "Zo &lt;werkt&gt; het" in html
    assert f"Zo <werkt> het\n{address}" in text


def test_a_download_has_an_absolute_address(tip: Any, document: Any) -> None:
    html, text = mail(tip, ("download", {"title": "A & B", "document": document}))
    address = f"http://testserver{document.url}"
    assert document.url.startswith("/")
    assert f'href="{address}"' in html
    assert "A &amp; B" in html
    assert f"A & B\n{address}" in text


@pytest.mark.parametrize(("days", "is_shown"), [(None, True), (0, True), (-1, False)])
def test_a_contact_card_that_is_over_is_left_out(
    tip: Any, days: int | None, is_shown: bool
) -> None:
    last = None if days is None else timezone.localdate() + dt.timedelta(days=days)
    block = {"name": "Slotenlijn", "phone": "0800 12 345", "valid_until": last}
    html, text = mail(tip, ("contact", block))
    assert ("Slotenlijn" in html) is is_shown
    assert ("Slotenlijn" in text) is is_shown
    assert ('class="contact"' in html) is is_shown
