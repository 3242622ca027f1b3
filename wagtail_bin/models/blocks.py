"""What the body of a tip is made of.

Each block has a template for the website and one for mail, in HTML and as
plain text: ``wagtail_bin/blocks/<name>.html``, ``wagtail_bin/email/blocks/
<name>.html`` and ``.txt``.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.images.blocks import ImageBlock

RICH_TEXT_FEATURES = ["bold", "italic", "link", "ul", "ol"]


class StepsBlock(blocks.StructBlock):
    """Things to do, in order."""

    heading = blocks.CharBlock(label=_("Heading"), required=False)
    steps = blocks.ListBlock(blocks.CharBlock(label=_("Step")), label=_("Steps"))

    class Meta:
        icon = "list-ol"
        label = _("Steps")
        template = "wagtail_bin/blocks/steps.html"


class DoAndDontBlock(blocks.StructBlock):
    """What to do and what to leave."""

    do = blocks.ListBlock(blocks.CharBlock(label=_("Do")), label=_("Do"))
    dont = blocks.ListBlock(blocks.CharBlock(label=_("Don't")), label=_("Don't"))

    class Meta:
        icon = "tick-inverse"
        label = _("Do and don't")
        template = "wagtail_bin/blocks/do_and_dont.html"


class ContactBlock(blocks.StructBlock):
    """Who helps: a name, a telephone number as people dial it, a word about it."""

    name = blocks.CharBlock(label=_("Name"))
    phone = blocks.CharBlock(label=_("Telephone"), required=False, max_length=30)
    url = blocks.URLBlock(label=_("Website"), required=False)
    text = blocks.CharBlock(label=_("Explanation"), required=False)
    valid_until = blocks.DateBlock(
        label=_("Shown until"),
        required=False,
        help_text=_("Afterwards this card is left out. Empty: it stays."),
    )

    def get_context(self, value: Any, parent_context: Any = None) -> dict[str, Any]:
        """Add ``is_over``: whether the card is no longer to be shown."""
        context: dict[str, Any] = super().get_context(value, parent_context)
        last = value.get("valid_until")
        context["is_over"] = bool(last and last < timezone.localdate())
        return context

    class Meta:
        icon = "mobile-alt"
        label = _("Contact")
        template = "wagtail_bin/blocks/contact.html"


class ChecklistBlock(blocks.StructBlock):
    """Things to tick off, on paper too."""

    heading = blocks.CharBlock(label=_("Heading"), required=False)
    items = blocks.ListBlock(blocks.CharBlock(label=_("Item")), label=_("Items"))

    class Meta:
        icon = "tasks"
        label = _("Checklist")
        template = "wagtail_bin/blocks/checklist.html"


class VideoBlock(blocks.StructBlock):
    """A link to a video: nothing is asked of others before somebody follows it."""

    title = blocks.CharBlock(label=_("Title"))
    url = blocks.URLBlock(label=_("Address of the video"))

    class Meta:
        icon = "media"
        label = _("Video")
        template = "wagtail_bin/blocks/video.html"


class DownloadBlock(blocks.StructBlock):
    """A document to download."""

    title = blocks.CharBlock(label=_("Title"))
    document = DocumentChooserBlock(label=_("Document"))

    class Meta:
        icon = "download"
        label = _("Download")
        template = "wagtail_bin/blocks/download.html"


class TipBodyBlock(blocks.StreamBlock):
    """The body of a tip."""

    heading = blocks.CharBlock(
        icon="title", label=_("Heading"), template="wagtail_bin/blocks/heading.html"
    )
    paragraph = blocks.RichTextBlock(
        features=RICH_TEXT_FEATURES,
        label=_("Text"),
        template="wagtail_bin/blocks/paragraph.html",
    )
    steps = StepsBlock()
    do_and_dont = DoAndDontBlock()
    contact = ContactBlock()
    checklist = ChecklistBlock()
    image = ImageBlock(label=_("Image"), template="wagtail_bin/blocks/image.html")
    video = VideoBlock()
    download = DownloadBlock()
