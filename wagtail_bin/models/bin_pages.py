"""Pages about BINs: all of a site, and one."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.fields import RichTextField

from wagtail_bin.conf import conf
from wagtail_bin.models.blocks import RICH_TEXT_FEATURES
from wagtail_bin.models.charters import Charter
from wagtail_bin.models.finder import Outcome, find_network, street_names
from wagtail_bin.models.networks import Network
from wagtail_bin.models.plain_pages import ContactPageMixin, FoundingPageMixin
from wagtail_bin.models.public_pages import (
    BINListMixin,
    PublicPageMixin,
    asked,
    keys_sent_to,
    model_of,
    page_beside,
    valid_on_a_day,
)
from wagtail_bin.models.tip_pages import TipPageMixin


class BINIndexPageMixin(BINListMixin, PublicPageMixin):
    """All BINs of a site, and which of them is mine."""

    # A list of so many streets is offered while one types.
    MOST_STREETS = 400

    private_parameters = frozenset({"street", "number"})

    introduction = RichTextField(
        _("introduction"), blank=True, features=RICH_TEXT_FEATURES
    )

    bin_panels = ["introduction"]

    class Meta:
        abstract = True

    def get_context(self, request: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add the BINs and the answer to who looks for one.

        ``bin_pages``: live pages of BINs below this one, in the order of their
        municipality (``municipality_name``) and of their title. ``street_names``: to
        choose from, unless there are too many. ``street``, ``number``: what was asked
        (query parameters of that name); ``answer``: a :class:`~.finder.Answer` or None;
        ``answer_pages``: the pages it is about. ``founding_page``: where a BIN is
        founded, or None. ``map``: what the map shows, or None.
        """
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        pages = list(
            model_of(BINPageMixin)
            .objects.live()
            .child_of(self)
            .select_related("network__municipality")
            .prefetch_related("network__streets")
        )
        for page in pages:
            page.municipality_name = str(page.network.municipality)
        pages.sort(key=lambda page: (page.municipality_name, page.title))
        language = self.locale.language_code
        names = street_names([page.network for page in pages], language)
        context["bin_pages"] = pages
        context["street_names"] = names if len(names) <= self.MOST_STREETS else []
        context["founding_page"] = page_beside(self, FoundingPageMixin)
        context["map"] = _map_of(pages)
        context |= self._answered(request, pages)
        return context

    def _answered(self, request: Any, pages: list[Any]) -> dict[str, Any]:
        street = asked(request, "street")
        number = asked(request, "number")[:20]
        answer = None
        found = []
        if street:
            streets = [one for page in pages for one in page.network.streets.all()]
            answer = find_network(streets, street, number)
            found = [page for page in pages if page.network_id in answer.networks]
        return {
            "street": street,
            "number": number,
            "was_asked": "street" in request.GET,
            "answer": answer,
            "answer_pages": found,
            "Outcome": {one.name: one.value for one in Outcome},
        }


class BINPageMixin(PublicPageMixin):
    """One BIN's public page: what, where, who to turn to, how to join."""

    LATEST_TIPS = 5

    has_poster = True

    network = models.ForeignKey(
        Network,
        verbose_name=_("BIN"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    introduction = RichTextField(
        _("introduction"), blank=True, features=RICH_TEXT_FEATURES
    )
    how_to_join = RichTextField(
        _("how to join"), blank=True, features=RICH_TEXT_FEATURES
    )

    bin_panels = ["network", "introduction", "how_to_join"]

    class Meta:
        abstract = True

    def get_context(self, request: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add what there is to say of the BIN.

        ``network``, its ``streets``; ``official_since``: the day its first charter was
        approved, or None; ``tips``: the latest sent to it that still hold;
        ``contact_page``: how to reach the police, or None.
        """
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        context["network"] = Network.objects.select_related(
            "municipality", "police_zone"
        ).get(pk=self.network_id)
        context["streets"] = context["network"].streets.all()
        context["official_since"] = self._official_since()
        context["tips"] = (
            model_of(TipPageMixin)
            .objects.live()
            .filter(
                valid_on_a_day(),
                locale=self.locale_id,  # type: ignore[attr-defined]
                translation_key__in=keys_sent_to(self.network_id),
            )
            .order_by("-first_published_at", "-pk")[: self.LATEST_TIPS]
        )
        context["contact_page"] = page_beside(self, ContactPageMixin)
        return context

    def _official_since(self) -> Any:
        """The day of the first approval, while a charter is in force."""
        charters = Charter.objects.filter(network=self.network_id)
        if not charters.in_force().exists():
            return None
        approved = charters.filter(approved_on__isnull=False)
        return approved.aggregate(day=models.Min("approved_on"))["day"]


def _map_of(pages: list[Any]) -> dict[str, Any] | None:
    """Tiles and areas for the map; None where it is off or nothing has an area."""
    areas = [
        {"title": page.title, "url": page.url, "boundary": page.network.boundary}
        for page in pages
        if page.network.boundary
    ]
    tiles = conf.MAP_TILES
    return {"tiles": tiles, "areas": areas} if tiles and areas else None
