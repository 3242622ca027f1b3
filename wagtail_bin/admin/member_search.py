"""Finding members by what people remember of them."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.db.models import Q

from wagtail_bin.models import Member
from wagtail_bin.validators import name_key, parse_phone

SEARCH_FIELDS = (
    "first_name",
    "last_name",
    "organisation",
    "email",
    "street",
    "locality",
)


def listed_name(member: Member) -> str:
    """The name as lists have it: last name first, by which they are sorted."""
    if member.last_name and member.first_name:
        return f"{member.last_name}, {member.first_name}"
    return member.full_name


def matching(query: str) -> Q:
    """Members whose particulars hold every word, or who have this number.

    Names are found without their accents, and a house by its number, as in
    ``Dorpsstraat 12``.
    """
    every_word = Q()
    for word in query.split():
        every_word &= _matching_word(word)
    return every_word | _matching_number(query)


def _matching_word(word: str) -> Q:
    found = Q(number__iexact=word) | Q(postcode=word)
    for field in SEARCH_FIELDS:
        found |= Q(**{f"{field}__icontains": word})
    if folded := name_key(word):
        found |= Q(name_key__contains=folded)
    return found


def _matching_number(query: str) -> Q:
    try:
        number = parse_phone(query)
    except ValidationError:
        # Part of a number, as somebody remembers it.
        number = re.sub(r"\D", "", query).lstrip("0")
        if len(number) < 4 or re.search(r"[^\W\d_]", query):
            return Q(pk__in=[])
    return Q(mobile__contains=number) | Q(phone__contains=number)
