"""What an editor may want to look at again before a page is sent. Nothing is refused."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import phonenumbers
from bs4 import BeautifulSoup
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from wagtail.blocks import ListBlock, StreamBlock, StructBlock, URLBlock
from wagtail.images.blocks import ImageBlock
from wagtail.rich_text import RichText, get_text_for_indexing

from wagtail_bin.models import Municipality
from wagtail_bin.models.blocks import ContactBlock
from wagtail_bin.validators import REGION

WORDS_PER_MINUTE = 200
# Two minutes and a half: who reads mail on a telephone has left by then.
LONG_TEXT = 500
LONG_INTRODUCTION = 45
# Numbers that everybody may ring, and that make no number plate of "BIN 112".
SHORT_NUMBERS = {"100", "101", "102", "103", "106", "107", "110", "112", "116"}

_PLATE = re.compile(
    r"(?<![\w-])(?:"
    r"(?i:[1-9]-[a-z]{3}-(\d{3}))"  # since 2010, as it is on the plate
    r"|(?:[1-9][ .-]?)?[A-Z]{3}[ .-]?(\d{3})"  # and as people write it, and before
    r"|(\d{3})-[A-Z]{3}"
    r")(?![\w-])"
)
_ADDRESS = re.compile(r"\bhttps?://[^\s<>\"“”()]+[^\s<>\"“”().,;:!?]")
_OF_PEOPLE = {
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    phonenumbers.PhoneNumberType.PERSONAL_NUMBER,
}
_is_web_address = URLValidator(schemes=["http", "https"])


@dataclasses.dataclass(frozen=True, slots=True)
class Remark:
    """Something to look at.

    Attributes:
        code: of the check.
        text: a sentence for the editor.
    """

    code: str
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class _Leaf:
    """A value of the page, and whether it stands on a contact card."""

    block: Any
    value: Any
    is_contact: bool = False

    @property
    def text(self) -> str:
        """Its words; empty for what is not text."""
        if isinstance(self.value, RichText):
            return str(get_text_for_indexing(self.value.source))
        is_text = isinstance(self.value, str) and not isinstance(self.block, URLBlock)
        return self.value if is_text else ""

    @property
    def addresses(self) -> list[str]:
        """The addresses that it leads to."""
        if isinstance(self.value, RichText):
            soup = BeautifulSoup(self.value.source, "html.parser")
            # Links to pages and documents are made by Wagtail, and hold.
            return [str(a["href"]) for a in soup.find_all("a", href=True)]
        if isinstance(self.block, URLBlock):
            return [self.value]
        return _ADDRESS.findall(self.text)


def check_page(page: Any) -> list[Remark]:
    """All remarks about the text of a page, in the order of reading.

    Args:
        page: a page with a tip's mixin, in the state that would be sent.
    """
    leaves = [
        _Leaf(None, page.title),
        _Leaf(None, page.introduction),
        *_leaves(page.body.stream_block, page.body),
    ]
    return [
        *check_images(leaves),
        *check_links(leaves, getattr(page, "source", "")),
        *check_length(leaves, page.introduction),
        *check_number_plates(leaf.text for leaf in leaves),
        *check_phones(leaf.text for leaf in leaves if not leaf.is_contact),
    ]


def missing_languages(
    municipalities: Iterable[Municipality], ready: Iterable[str]
) -> list[str]:
    """Languages that the municipalities write in, and a page has not.

    Args:
        ready: languages that the page can be sent in.
    """
    wanted = dict.fromkeys(
        code for place in municipalities for code in place.language_order
    )
    return [code for code in wanted if code not in set(ready)]


def check_images(leaves: Iterable[_Leaf]) -> Iterator[Remark]:
    """Images that say nothing to who cannot see them."""
    for leaf in leaves:
        if (
            isinstance(leaf.block, ImageBlock)
            and not leaf.value.decorative
            and not (leaf.value.contextual_alt_text or "").strip()
        ):
            yield Remark(
                "image",
                _(
                    "The image “%(title)s” has no description. In the mail it is "
                    "nothing but a link."
                )
                % {"title": leaf.value.title},
            )


def check_links(leaves: Iterable[_Leaf], source: str = "") -> Iterator[Remark]:
    """Addresses that lead nowhere, or that anybody on the way can read."""
    found = [address for leaf in leaves for address in leaf.addresses]
    for address in dict.fromkeys(filter(None, [*found, source])):
        # On the same website, or not of the web.
        if address.startswith(("/", "#", "mailto:", "tel:")):
            continue
        try:
            _is_web_address(address)
        except ValidationError:
            yield Remark(
                "link",
                _("The link “%(address)s” is not an address of a website.")
                % {"address": address},
            )
        else:
            if urlsplit(address).scheme == "http":
                yield Remark(
                    "http",
                    _(
                        "The link “%(address)s” is not secure. Try whether it works "
                        "with https://."
                    )
                    % {"address": address},
                )


def check_length(leaves: Iterable[_Leaf], introduction: str) -> Iterator[Remark]:
    """Texts that members will not read to the end."""
    words = sum(len(leaf.text.split()) for leaf in leaves)
    if words > LONG_TEXT:
        minutes = -(-words // WORDS_PER_MINUTE)
        yield Remark(
            "long_text",
            ngettext(
                "The text has %(words)d words, which takes about %(minutes)d minute "
                "to read.",
                "The text has %(words)d words, which takes about %(minutes)d minutes "
                "to read.",
                minutes,
            )
            % {"words": words, "minutes": minutes},
        )
    words = len(introduction.split())
    if words > LONG_INTRODUCTION:
        yield Remark(
            "long_introduction",
            ngettext(
                "The introduction has %(words)d word. One or two sentences are enough.",
                "The introduction has %(words)d words. One or two sentences are "
                "enough.",
                words,
            )
            % {"words": words},
        )


def check_number_plates(texts: Iterable[str]) -> Iterator[Remark]:
    """What looks like a Belgian number plate: it leads to a person."""
    found = [
        match[0]
        for text in texts
        for match in _PLATE.finditer(text)
        if match[match.lastindex or 0] not in SHORT_NUMBERS
    ]
    for plate in dict.fromkeys(found):
        yield Remark(
            "plate",
            _("“%(plate)s” looks like a number plate. Members must not get those.")
            % {"plate": plate},
        )


def check_phones(texts: Iterable[str]) -> Iterator[Remark]:
    """Numbers of people in running text; free and short numbers are nobody's."""
    found = [
        match.raw_string
        for text in texts
        for match in phonenumbers.PhoneNumberMatcher(text, REGION)
        if phonenumbers.number_type(match.number) in _OF_PEOPLE
    ]
    for phone in dict.fromkeys(found):
        yield Remark(
            "phone",
            _(
                "“%(phone)s” looks like somebody's telephone number. Numbers of "
                "services belong on a contact card, those of people nowhere."
            )
            % {"phone": phone},
        )


def _leaves(block: Any, value: Any, *, is_contact: bool = False) -> Iterator[_Leaf]:
    """All that is not made of other values, whatever blocks a project has."""
    if not value:
        return
    if isinstance(block, StreamBlock):
        for child in value:
            yield from _leaves(child.block, child.value, is_contact=is_contact)
    elif isinstance(block, ListBlock):
        for child in value:
            yield from _leaves(block.child_block, child, is_contact=is_contact)
    # An image with its description is a struct, whose value is the image.
    elif isinstance(block, StructBlock) and not isinstance(block, ImageBlock):
        is_contact = is_contact or isinstance(block, ContactBlock)
        for name, child in block.child_blocks.items():
            yield from _leaves(child, value.get(name), is_contact=is_contact)
    else:
        yield _Leaf(block, value, is_contact)
