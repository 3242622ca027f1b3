"""What a tip is made of, on the website."""

from __future__ import annotations

import datetime as dt
import io
import re

import PIL.Image
import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from wagtail.documents.models import Document
from wagtail.images.models import Image

from wagtail_bin.models import TipPage
from wagtail_bin.models.blocks import TipBodyBlock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: object, tmp_path: object) -> None:
    """Files go where they are forgotten."""
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]


def shown(client: Client, tip: TipPage, *body: object) -> str:
    tip.body = list(body)
    tip.save_revision().publish()
    return client.get(tip.url).content.decode()


def test_a_contact_card_leaves_after_its_last_day(
    live_tip: TipPage, client: Client
) -> None:
    today = timezone.localdate()

    def card(last: dt.date | None) -> tuple[str, object]:
        return ("contact", {"name": "Card Stop", "phone": "", "valid_until": last})

    assert "Card Stop" in shown(client, live_tip, card(None))
    assert "Card Stop" in shown(client, live_tip, card(today))
    assert "Card Stop" not in shown(
        client, live_tip, card(today - dt.timedelta(days=1))
    )


def test_a_checklist_a_video_and_a_download_are_plain_links_and_lists(
    live_tip: TipPage, client: Client
) -> None:
    document = Document.objects.create(
        title="Folder", file=ContentFile(b"%PDF-1.4", name="folder.pdf")
    )
    html = shown(
        client,
        live_tip,
        ("checklist", {"heading": "Vóór vertrek", "items": ["Deur", "Raam"]}),
        ("video", {"title": "Sloten", "url": "https://video.example/1"}),
        ("download", {"title": "Folder", "document": document}),
    )
    assert "<li>Deur</li>" in html
    assert '<a href="https://video.example/1" rel="noopener">' in html
    assert "<iframe" not in html
    assert f'<a href="{document.url}" download>' in html
    assert "PDF" in html
    document.delete()
    assert "bin-link" not in re.sub(
        r"(?s)<p class=\"bin-link\"><a href=\"https://video.*?</p>",
        "",
        client.get(live_tip.url).content.decode(),
    )


# Wagtail leaves the file of a new rendition to the garbage collector.
@pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile")
@pytest.mark.filterwarnings("ignore:Unclosed file")
def test_an_image_needs_words_for_those_who_cannot_see_it(
    live_tip: TipPage, client: Client
) -> None:
    drawn = io.BytesIO()
    PIL.Image.new("RGB", (1200, 800), "navy").save(drawn, "PNG")
    image = Image.objects.create(
        title="slot.png", file=ContentFile(drawn.getvalue(), name="slot.png")
    )
    block = TipBodyBlock().child_blocks["image"]
    value = block.to_python(
        {"image": image.pk, "decorative": False, "alt_text": "Een cilinderslot"}
    )
    html = shown(client, live_tip, ("image", value))
    assert 'alt="Een cilinderslot"' in html
    assert "srcset=" in html
    wordless = block.to_python({"image": image.pk, "decorative": False, "alt_text": ""})
    with pytest.raises(Exception, match=".+"):
        block.clean(wordless)
