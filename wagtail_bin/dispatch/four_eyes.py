"""Two people for every message, in municipalities that want it so."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Sequence
from typing import Any

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from wagtail_bin.exceptions import NeedsColleague
from wagtail_bin.models import Network
from wagtail_bin.permissions import Capability, holders

# What Wagtail notes in a revision that is no part of what the page says.
BOOKKEEPING = frozenset(
    {
        "draft_title",
        "expired",
        "first_published_at",
        "has_unpublished_changes",
        "last_published_at",
        "latest_revision",
        "latest_revision_created_at",
        "live",
        "live_revision",
        "locked",
        "locked_at",
        "locked_by",
        "numchild",
        "path",
        "depth",
        "url_path",
        "wagtail_admin_comments",
    }
)
# What the editor adds to a paragraph that it has not seen before; escaped in JSON.
BLOCK_KEY = re.compile(r' data-block-key=\\?"\w+\\?"')
# Colleagues who are named.
NAMED = 5


def composer_of(page: Any) -> Any:
    """Key of the user who last changed what a page says; None: no person.

    Opening a page and saving it as it was, which is what *Publish and send* does
    in the editor, composes nothing.
    """
    composer = content = None
    revisions = page.revisions.order_by("-created_at", "-pk")
    for revision in revisions.iterator(chunk_size=20):
        said = _said(revision.content)
        if content is not None and said != content:
            break
        content, composer = said, revision.user_id
    return composer


def _said(content: dict[str, Any]) -> dict[str, Any]:
    """A revision's content without bookkeeping, whatever the order of its keys.

    Blocks are kept as text in JSON, whose keys PostgreSQL brings in another order.
    """
    return {k: _read(v) for k, v in content.items() if k not in BOOKKEEPING}


def _read(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    value = BLOCK_KEY.sub("", value)
    if value.startswith(("[", "{")):
        with contextlib.suppress(ValueError):
            return json.loads(value)
    return value


def colleagues(page: Any, networks: Sequence[Network], user: Any) -> list[str]:
    """Names of others who may confirm a page for all of the networks."""
    found = holders(networks, Capability.SEND).exclude(pk=user.pk)
    for network in networks:
        found = found.filter(pk__in=holders([network], Capability.SEND).values("pk"))
    return sorted(
        str(other.get_full_name() or other.get_username())
        for other in found
        if page.permissions_for_user(other).can_publish()
    )


def check_four_eyes(page: Any, networks: Sequence[Network], user: Any) -> None:
    """Refuse when the user wrote what the user is about to confirm.

    It holds for superusers too, who can change the municipality's choice.

    Args:
        page: with its revisions.
        networks: with their municipalities loaded.
        user: who confirms.

    Raises:
        NeedsColleague: a colleague must; the message names those who may.
    """
    towns = {n.municipality for n in networks if n.municipality.needs_four_eyes}
    if not towns or user.pk is None or composer_of(page) != user.pk:
        return
    names = colleagues(page, networks, user)[:NAMED]
    if names:
        way_out = _("These people can: %(names)s. Send them the address of this page.")
    else:
        way_out = _(
            "Nobody else can at the moment: ask the person who runs this website to "
            "give a colleague a mandate."
        )
    raise NeedsColleague(
        _(
            "You wrote the last version of this page, and %(towns)s wants somebody "
            "else to confirm it. %(way_out)s"
        )
        % {
            "towns": get_text_list(sorted(map(str, towns)), _("and")),
            "way_out": way_out % {"names": ", ".join(names)},
        }
    )
