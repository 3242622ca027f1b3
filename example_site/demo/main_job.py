"""The main job, with the verbs of the app, and the proof that it was done."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path
from typing import Any

from example_site import mail_sink
from example_site.demo.lists import MemberList
from example_site.demo.processes import DemoFailed, status_of
from wagtail_bin.dispatch.approve import approve_dispatch, terms_of
from wagtail_bin.dispatch.audience import survey
from wagtail_bin.dispatch.translations import page_languages
from wagtail_bin.exchange.apply import ImportResult, import_members
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Delivery,
    Dispatch,
    ImportRow,
    Member,
    Municipality,
    Network,
)


@dataclasses.dataclass(frozen=True)
class Figures:
    """What the main job did, counted where it ended up."""

    imported: int
    refused: int
    recipients: int
    accepted: int
    without_email: int
    posted_on: int


def import_lists(
    lists: Sequence[MemberList], user: Any, say: Callable[[str], object]
) -> list[ImportResult]:
    """Import each list into its BIN, as the user."""
    results = []
    for one in lists:
        network = Network.objects.get(slug=one.network)
        result = import_members(
            network=network,
            user=user,
            source=one.content,
            file_name=one.file_name,
            basis=Consent.Basis.ENROLMENT,
        )
        say(
            f"  {one.file_name:<26} {result.created:>4} new members, "
            f"{result.refused} rows refused"
        )
        results.append(result)
    return results


def publish_and_send(page: Any, user: Any) -> Dispatch:
    """Confirm the sending of a page to all BINs, as the user."""
    networks = list(Network.objects.select_related("municipality"))
    content = page.get_latest_revision_as_object()
    languages = tuple(page_languages(content).ready)
    terms = terms_of(page=content, available=languages, channels=[ChannelName.EMAIL])
    audience = survey(networks=networks, terms=terms)
    return approve_dispatch(
        page=page,
        networks=networks,
        user=user,
        expected_recipients=audience.total,
    ).dispatch


def is_settled(dispatch: Dispatch) -> bool:
    """Whether nothing of a dispatch is still to be sent."""
    return not dispatch.deliveries.filter(state__in=Delivery.OPEN_STATES).exists()


def check(dispatch: Dispatch, lists: Sequence[MemberList], sink: Path) -> Figures:
    """Count in the database, in the sink and on the website, and compare.

    Raises:
        DemoFailed: they do not agree.
    """
    members = Member.objects.filter(source=Member.Source.IMPORT)
    deliveries = list(dispatch.deliveries.all())
    accepted = [d for d in deliveries if d.state == Delivery.State.ACCEPTED]
    _check_mail(accepted, mail_sink.messages(sink))
    figures = Figures(
        imported=members.count(),
        refused=ImportRow.objects.filter(kind=ImportRow.Kind.REFUSED).count(),
        recipients=len(deliveries),
        accepted=len(accepted),
        without_email=members.filter(email="").count(),
        posted_on=_count_sites(dispatch),
    )
    expected_rows = sum(len(one.rows) for one in lists)
    _require(
        figures.imported + figures.refused == expected_rows,
        f"The lists have {expected_rows} rows; imported and refused are {figures}.",
    )
    _require(
        figures.recipients == figures.imported - figures.without_email,
        f"Not everybody with an e-mail address is a recipient: {figures}.",
    )
    _require(
        figures.recipients == figures.accepted,
        f"Not every message was accepted: {figures}.",
    )
    _require(figures.posted_on > 0, "The tip is not on the website.")
    return figures


def _require(is_so: bool, otherwise: str) -> None:  # noqa: FBT001
    if not is_so:
        raise DemoFailed(otherwise)


def _check_mail(accepted: list[Delivery], messages: list[EmailMessage]) -> None:
    """Every accepted delivery is one message to one person, and nothing else is."""
    by_id: dict[str, EmailMessage] = {}
    for message in messages:
        envelope = _addresses(message, mail_sink.ENVELOPE_TO)
        _require(
            len(envelope) == 1 and envelope == _addresses(message, "To"),
            "A message has another recipient than its one To.",
        )
        _require(
            not message.get_all("Cc") and not message.get_all("Bcc"),
            "A message has a Cc or a Bcc.",
        )
        by_id[str(message["Message-ID"])] = message
    _require(len(by_id) == len(messages), "Two messages have the same Message-ID.")
    _require(
        set(by_id) == {delivery.provider_id for delivery in accepted},
        f"{len(messages)} messages arrived, {len(accepted)} are in the ledger.",
    )
    for delivery in accepted:
        arrived_at = _addresses(by_id[delivery.provider_id], mail_sink.ENVELOPE_TO)
        _require(
            arrived_at == [delivery.address],
            "A message went to another address than the ledger says.",
        )


def _addresses(message: EmailMessage, header: str) -> list[str]:
    values = [str(value) for value in message.get_all(header, [])]
    return [address for _name, address in getaddresses(values)]


def _count_sites(dispatch: Dispatch) -> int:
    """The municipal websites on which everybody can read the tip."""
    page = dispatch.page.specific
    sites = {town.site for town in Municipality.objects.exclude(site=None)}
    return sum(
        page.is_descendant_of(site.root_page) and status_of(page.full_url) == 200
        for site in sites
    )
