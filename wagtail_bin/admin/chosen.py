"""What an editor has chosen so far: page, BINs, channels, moment, example."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import View

from wagtail_bin.admin.timing import TimingForm
from wagtail_bin.channels.registry import channel_names
from wagtail_bin.dispatch.approve import terms_of
from wagtail_bin.dispatch.audience import Audience, Terms, survey
from wagtail_bin.dispatch.preview import example_member
from wagtail_bin.dispatch.translations import PageLanguages, page_languages
from wagtail_bin.models import (
    PERSONAL_CHANNELS,
    ChannelName,
    Language,
    Member,
    Network,
    SentPageMixin,
    base_page_model,
)
from wagtail_bin.permissions import ROLES, Capability, networks_for

# What stands before a channel's name in the form: its place in the order.
CHANNEL_PREFIX = "channel-"


class SendingView(View):
    """What all screens of one sending share: the page and who may send it."""

    request: HttpRequest

    @cached_property
    def page(self) -> Any:
        """The page in its latest revision."""
        page = get_object_or_404(base_page_model(), pk=self.kwargs["page_id"]).specific
        if not issubclass(type(page), SentPageMixin) or page.alias_of_id:
            raise Http404
        if not page.permissions_for_user(self.request.user).can_publish():
            raise PermissionDenied
        return page.get_latest_revision_as_object()

    @cached_property
    def networks(self) -> list[Network]:
        """The BINs the user may write to."""
        found = (
            networks_for(self.request.user, Capability.COMPOSE)
            .select_related("municipality__site", "police_zone")
            .order_by("municipality__name_nl", "municipality__name_fr", "name")
        )
        if not found:
            raise PermissionDenied
        return list(found)

    @cached_property
    def data(self) -> Any:
        """What was chosen, from the address or the form."""
        return self.request.POST if self.request.method == "POST" else self.request.GET

    @property
    def searched(self) -> str:
        """The words by which a member is looked for."""
        return str(self.request.POST.get("q", ""))

    @cached_property
    def chosen(self) -> list[Network]:
        """The BINs ticked; the only one there is counts as ticked."""
        if len(self.networks) == 1:
            return self.networks
        ticked = set(self.data.getlist("networks"))
        return [network for network in self.networks if str(network.pk) in ticked]

    @cached_property
    def languages(self) -> PageLanguages:
        """The languages the page can be sent in."""
        return page_languages(self.page)

    @cached_property
    def offered(self) -> list[str]:
        """The channels there are to choose from."""
        return [name for name in channel_names() if name in ChannelName.values]

    @cached_property
    def channels(self) -> list[str]:
        """The channels chosen, in the order of preference, broadcasts last."""
        places = {
            name: self.data.get(CHANNEL_PREFIX + name, "") for name in self.offered
        }
        if not any(CHANNEL_PREFIX + name in self.data for name in self.offered):
            return default_channels(self.offered)
        return sorted(
            (name for name in self.offered if places[name].isdecimal()),
            key=lambda name: (
                name not in PERSONAL_CHANNELS,
                int(places[name][:3]),
                self.offered.index(name),
            ),
        )

    @cached_property
    def timing(self) -> TimingForm:
        """When to send it."""
        return TimingForm(self.data if "timing" in self.data else None)

    @property
    def not_before(self) -> dt.datetime | None:
        """The moment chosen; None: at once, or not a moment that will come."""
        if not (self.timing.is_bound and self.timing.is_valid()):
            return None
        moment: dt.datetime | None = self.timing.cleaned_data["not_before"]
        return moment

    def terms_by(self, channels: Sequence[str]) -> Terms:
        """On what terms the page goes out by these channels."""
        return terms_of(
            page=self.page,
            available=tuple(self.languages.ready),
            channels=channels,
            not_before=self.not_before,
        )

    @cached_property
    def terms(self) -> Terms:
        """On what terms the page goes out."""
        return self.terms_by(self.channels)

    @cached_property
    def audience(self) -> Audience:
        """The audience of the BINs ticked."""
        return survey(networks=self.chosen, terms=self.terms)

    @cached_property
    def recipient(self) -> Member:
        """For whom the mail is shown: a real member if the user may see them."""
        network_id, _sep, choice = self.data.get("as", "").partition("-")
        if choice.isdecimal():
            member = self.visible_members.filter(pk=choice).first()
            if member is not None:
                return member
        network = next(
            (n for n in self.chosen if str(n.pk) == network_id),
            self.chosen[0] if self.chosen else self.networks[0],
        )
        known = choice in Language.values
        language = choice if known else network.municipality.language_order[0]
        return example_member(network, language)

    @cached_property
    def visible_members(self) -> Any:
        """Members of the BINs ticked, as far as the user may see members."""
        return (
            Member.objects.visible_to(self.request.user, ROLES[Capability.VIEW_MEMBERS])
            .filter(network__in=self.chosen)
            .exclude(email="")
            .select_related("network__municipality__site", "network__police_zone")
        )

    @property
    def choice(self) -> list[tuple[str, str]]:
        """What was chosen as fields of a form: names and values."""
        fields = [("networks", str(network.pk)) for network in self.chosen]
        for name in self.offered:
            place = self.channels.index(name) + 1 if name in self.channels else ""
            fields.append((CHANNEL_PREFIX + name, str(place)))
        return fields

    @property
    def moment(self) -> list[tuple[str, str]]:
        """The moment chosen as fields of a form: names and values."""
        names = ("timing", "not_before")
        return [(name, self.data[name]) for name in names if self.data.get(name)]

    def address_with_choice(self, view_name: str = "wagtail_bin_admin:send") -> str:
        """The address of a screen with everything that was chosen."""
        query = [*self.choice, *self.moment]
        query += [("as", self.data["as"])] if self.data.get("as") else []
        return f"{reverse(view_name, args=[self.page.pk])}?{urlencode(query)}"


def default_channels(offered: Sequence[str]) -> list[str]:
    """E-mail, which costs nothing; without it the first that there is."""
    if ChannelName.EMAIL in offered:
        return [ChannelName.EMAIL.value]
    return [name for name in offered if name in PERSONAL_CHANNELS][:1]
