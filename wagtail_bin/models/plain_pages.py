"""Pages of plain content: how a BIN is founded, and how the police are reached."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.fields import StreamField

from wagtail_bin.models.blocks import TipBodyBlock
from wagtail_bin.models.organisation import Municipality, PoliceZone
from wagtail_bin.models.public_pages import (
    BINListMixin,
    PublicPageMixin,
    page_beside,
)


class PlainPageMixin(PublicPageMixin):
    """A page of text that knows the police zones of its site."""

    introduction = models.TextField(_("in short"), max_length=400, blank=True)
    body = StreamField(TipBodyBlock(), verbose_name=_("text"), blank=True)

    plain_panels = ["introduction", "body"]

    class Meta:
        abstract = True

    def get_context(self, request: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add ``police_zones``: of the site's municipalities, or all there are."""
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        site = self.get_site()  # type: ignore[attr-defined]
        here = Municipality.objects.filter(site=site) if site else None
        zones = PoliceZone.objects.filter(municipalities__in=here or [])
        context["police_zones"] = (
            zones.distinct() if here else PoliceZone.objects.all()[:5]
        )
        return context


class FoundingPageMixin(PlainPageMixin):
    """How a BIN is founded: three steps."""

    has_poster = True

    class Meta:
        abstract = True


class ContactPageMixin(PlainPageMixin):
    """How the police are reached: 112 first, then everything that can wait."""

    class Meta:
        abstract = True

    def get_context(self, request: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add ``bin_index``: where the coordinators are found, or None."""
        context = super().get_context(request, *args, **kwargs)
        context["bin_index"] = page_beside(self, BINListMixin)
        return context
