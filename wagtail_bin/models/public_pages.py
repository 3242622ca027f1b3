"""What all public pages share: caches may keep them, and some can be sent."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

import swapper
from django.apps import apps
from django.db import models
from django.http import HttpResponse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.coreutils import get_content_languages
from wagtail.fields import RichTextField
from wagtail.rich_text import get_text_for_indexing

from wagtail_bin.conf import conf
from wagtail_bin.models.dispatches import Dispatch
from wagtail_bin.models.members import Purpose
from wagtail_bin.validators import clean_text


class PublicPageMixin(models.Model):
    """A page that says the same to everybody, so that a cache in front may keep it."""

    # Query parameters that say something of the visitor: such answers are kept
    # by nobody.
    private_parameters: frozenset[str] = frozenset()
    # Whether there is a poster of it, for the notice board.
    has_poster = False

    class Meta:
        abstract = True

    @cached_property
    def live_translations(self) -> list[Any]:
        """The live pages that say the same, this one among them. One query.

        Aliases are left out: they stand in the tree of a language without being
        in it. The order is that of the project's languages.
        """
        order = list(get_content_languages())
        pages = (
            self.get_translations(inclusive=True)  # type: ignore[attr-defined]
            .live()
            .filter(alias_of__isnull=True, locale__language_code__in=order)
            .select_related("locale")
        )
        return sorted(pages, key=lambda one: order.index(one.locale.language_code))

    def get_context(self, request: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add ``translations`` (:attr:`live_translations`)."""
        context: dict[str, Any] = super().get_context(  # type: ignore[misc]
            request, *args, **kwargs
        )
        context["translations"] = self.live_translations
        for page in self.live_translations:
            if page.pk == self.pk:
                # Known by now, and asked for by every template.
                self.locale = page.locale
        return context

    def serve(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """The page, with how long it may be kept (``PUBLIC_CACHE_CONTROL``).

        Whoever has a session gets an answer of their own: the user bar of an
        editor is not for others.
        """
        response = super().serve(request, *args, **kwargs)  # type: ignore[misc]
        is_private = (
            conf.session_cookie in request.COOKIES
            or not self.private_parameters.isdisjoint(request.GET)
        )
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = (
                "private, no-store" if is_private else conf.PUBLIC_CACHE_CONTROL
            )
        return response


class BINListMixin(models.Model):
    """Marks the page where all BINs of a site are found."""

    class Meta:
        abstract = True


# Wagtail's preview modes of pages that can be sent: name to what it is called and
# what answers. Messages are made by layers above this one, so they register here.
_message_previews: dict[str, tuple[Any, Callable[[Any], HttpResponse]]] = {}


def register_message_preview(
    name: str, label: Any, serve: Callable[[Any], HttpResponse]
) -> None:
    """Let the editor preview pages as a message.

    Args:
        name: of Wagtail's preview mode.
        label: what it is called.
        serve: takes the page, as it stands in the form, and answers.
    """
    _message_previews[name] = (label, serve)


class SentPageMixin(models.Model):
    """A page that can be sent to members.

    Dispatches are kept with the page that was sent; its translations show
    them too.
    """

    # What members must have agreed to; also decides how urgent it is.
    purpose = Purpose.TIPS

    class Meta:
        abstract = True

    def dispatches(self) -> models.QuerySet[Dispatch]:
        """Dispatches of this page or of a translation of it, newest first."""
        family = type(self)._default_manager.filter(  # type: ignore[misc]
            translation_key=self.translation_key  # type: ignore[attr-defined]
        )
        return Dispatch.objects.filter(page__in=family.values("pk")).prefetch_related(
            "networks"
        )

    def sent_to(self) -> list[tuple[dt.datetime, list[str]]]:
        """When this page was sent, the newest first, and the names of the BINs.

        One query, since public pages ask for it.
        """
        rows = (
            self.dispatches()
            .prefetch_related(None)
            .filter(networks__isnull=False)
            .order_by("-approved_at", "pk", "networks__name")
            .values_list("pk", "approved_at", "networks__name")
        )
        return [
            (next(iter(names))[1], [row[2] for row in names])
            for names in (
                list(group)
                for _pk, group in itertools.groupby(rows, key=lambda row: row[0])
            )
        ]

    @property
    def preview_modes(self) -> list[tuple[str, Any]]:
        """The page's own, and each message that it can become."""
        own = super().preview_modes  # type: ignore[misc]
        if own == self.DEFAULT_PREVIEW_MODES:  # type: ignore[attr-defined]
            # Beside the others, "Default" says nothing.
            own = [("", _("On the website"))]
        messages = [
            (name, label) for name, (label, _serve) in _message_previews.items()
        ]
        return [*own, *messages]

    def serve_preview(self, request: Any, mode_name: str) -> Any:
        """The page or one of its messages, as it is being edited."""
        if mode_name in _message_previews:
            return _message_previews[mode_name][1](self)
        return super().serve_preview(request, mode_name)  # type: ignore[misc]


def keys_sent_to(network: Any) -> models.QuerySet[Any]:
    """Translation keys of the pages that were sent to a BIN, for a subquery."""
    sent = Dispatch.objects.filter(networks=network, page__isnull=False)
    return sent.values("page__translation_key")


def lead_of(page: Any) -> str:
    """A page's introduction as plain text; empty where it has none."""
    if not hasattr(page, "introduction"):
        return ""
    text = str(page.introduction)
    if isinstance(page._meta.get_field("introduction"), RichTextField):
        text = get_text_for_indexing(text)
    return " ".join(text.split())


def asked(request: Any, name: str) -> str:
    """What a visitor typed: one line of at most 100 characters."""
    return clean_text(request.GET.get(name, ""))[:100]


def valid_on_a_day() -> models.Q:
    """Pages with ``valid_from`` and ``valid_until`` that hold today."""
    today = timezone.localdate()
    return (models.Q(valid_from__isnull=True) | models.Q(valid_from__lte=today)) & (
        models.Q(valid_until__isnull=True) | models.Q(valid_until__gte=today)
    )


def base_page_model() -> Any:
    """The model of all pages: Wagtail's own, or what the project put in its place."""
    return swapper.load_model("wagtailcore", "Page")


def model_of(mixin: type[models.Model]) -> Any:
    """The page model that has a mixin: the project's own before ours.

    Raises:
        LookupError: the project has none.
    """
    found = [model for model in apps.get_models() if issubclass(model, mixin)]
    if not found:
        raise LookupError(f"No page model has {mixin.__name__}.")
    return min(found, key=lambda model: model._meta.app_label == "wagtail_bin")


def page_beside(page: Any, mixin: type[models.Model]) -> Any:
    """The first live page with a mixin on the same site and in the same language.

    None where there is none, or where the project has no such page model.
    """
    home = page.path[: 2 * page.steplen]
    try:
        model = model_of(mixin)
    except LookupError:
        return None
    return (
        model.objects.live()
        .filter(path__startswith=home, locale=page.locale_id)
        .order_by("path")
        .first()
    )
