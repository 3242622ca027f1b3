"""What the body of a tip is made of.

Each block has a template for the website and one for mail, in HTML and as
plain text: ``wagtail_bin/blocks/<name>.html``, ``wagtail_bin/email/blocks/
<name>.html`` and ``.txt``.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

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

    class Meta:
        icon = "mobile-alt"
        label = _("Contact")
        template = "wagtail_bin/blocks/contact.html"


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
