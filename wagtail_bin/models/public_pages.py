"""What all public pages share: caches may keep them, and some can be sent."""

from __future__ import annotations

from typing import Any

import swapper
from django.apps import apps
from django.db import models
from django.utils import timezone

from wagtail_bin.conf import conf
from wagtail_bin.models.dispatches import Dispatch
from wagtail_bin.models.members import Purpose


class PublicPageMixin(models.Model):
    """A page that says the same to everybody, so that a cache in front may keep it."""

    # Query parameters that say something of the visitor: such answers are kept
    # by nobody.
    private_parameters: frozenset[str] = frozenset()

    class Meta:
        abstract = True

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
