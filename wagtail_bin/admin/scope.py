"""The scoped base of every admin view of rows that belong to a network.

Wagtail's generic views ask whether a user may edit *some* row of a model, never
whether this one. The base here asks about the row wherever a URL names one, and
narrows the lists, forms, choosers and bulk actions that name none. A test walks
every URL with users who may not see the row.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import Permission
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, re_path
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.log_actions import log
from wagtail.permissions import policy_registry
from wagtail.snippets.bulk_actions.delete import DeleteBulkAction
from wagtail.snippets.views import chooser, snippets

from wagtail_bin.models import Charter, Member, Network
from wagtail_bin.permissions import Capability, networks_for

# What a view must be allowed to do when it does not say so itself.
STRICTEST = ("change",)


def visible(
    model: type[models.Model], user: Any, actions: Iterable[str] = ("view",)
) -> models.QuerySet[Any]:
    """The rows with which a user may do one of the actions.

    Args:
        model: a model with a :class:`~wagtail_bin.permissions.MandatePermissionPolicy`.
        actions: Wagtail's names, such as ``view``, ``change``, ``delete``.
    """
    policy = policy_registry.get_by_type(model)
    return policy.instances_user_has_any_permission_for(user, actions)


def by_keys(rows: models.QuerySet[Any], keys: Iterable[str]) -> list[Any]:
    """The rows with these keys, as they stand in an address.

    Raises:
        Http404: one of them is not among the rows, or is no key at all.
    """
    wanted = set(keys)
    try:
        found = list(rows.filter(pk__in=wanted))
    except (ValueError, OverflowError):
        raise Http404 from None
    if not wanted or len(found) != len(wanted):
        raise Http404
    return found


def actions_of(view_class: Any) -> tuple[str, ...]:
    """What a view asks permission for, any of which is enough."""
    required = getattr(view_class, "permission_required", None)
    if required:
        return (required,)
    return tuple(getattr(view_class, "any_permission_required", None) or STRICTEST)


class GuardMixin:
    """First base of a viewset: whatever URL names a row, the row is checked.

    A row that the user may not see does not exist for that user: 404.
    """

    model: Any
    copy_view_enabled = False
    # References to members are not for other people's usage pages.
    add_to_reference_index = False

    def construct_view(self, view_class: Any, **kwargs: Any) -> Callable[..., Any]:
        """The view, answering 404 for rows outside the user's networks."""
        view = super().construct_view(view_class, **kwargs)  # type: ignore[misc]
        actions = actions_of(view_class)

        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if "pk" in kwargs:
                rows = visible(self.model, request.user, actions)
                by_keys(rows, [unquote(str(kwargs["pk"]))])
            return view(request, *args, **kwargs)

        return guarded

    def get_permissions_to_register(self) -> models.QuerySet[Permission]:
        """None: a tick in a group's form would promise what mandates decide."""
        return Permission.objects.none()


class RememberPermissionMixin:
    """Asks once per request, not once per row, what the user may do."""

    request: HttpRequest

    @functools.cached_property
    def _answers(self) -> dict[str, bool]:
        return {}

    def user_has_permission(self, permission: str) -> bool:
        """Whether the user may do this with any row."""
        if permission not in self._answers:
            self._answers[permission] = super().user_has_permission(permission)  # type: ignore[misc]
        return self._answers[permission]


class ScopedIndexView(RememberPermissionMixin, generic.IndexView):
    """A list of the rows that the user may see."""

    def get_base_queryset(self) -> models.QuerySet[Any]:
        """Only what the user may see."""
        return visible(self.model, self.request.user)


class ScopedModelViewSet(GuardMixin, ModelViewSet):
    """Screens for rows of a model that is not a snippet."""

    index_view_class = ScopedIndexView


class ScopedChooseMixin:
    """Offers only the rows that the user may see."""

    model_class: type[models.Model]
    request: HttpRequest

    def get_object_list(self) -> models.QuerySet[Any]:
        """Rows to choose from."""
        return visible(self.model_class, self.request.user)


class ScopedChooseView(ScopedChooseMixin, chooser.ChooseView):
    """The chooser."""


class ScopedChooseResultsView(ScopedChooseMixin, chooser.ChooseResultsView):
    """A page of the chooser."""


class ScopedChosenView(chooser.SnippetChosenView):
    """What was chosen."""

    def get_object(self, pk: str) -> Any:
        """The row, if the user may see it."""
        return by_keys(visible(self.model_class, self.request.user), [pk])[0]


class ScopedChosenMultipleView(chooser.SnippetChosenMultipleView):
    """All that was chosen."""

    def get_objects(self, pks: list[str]) -> list[Any]:
        """The rows, if the user may see every one of them."""
        return by_keys(visible(self.model_class, self.request.user), pks)


class ScopedChooserViewSet(chooser.SnippetChooserViewSet):
    """A chooser within the user's networks, without a form to add rows."""

    choose_view_class = ScopedChooseView
    choose_results_view_class = ScopedChooseResultsView
    chosen_view_class = ScopedChosenView
    chosen_multiple_view_class = ScopedChosenMultipleView

    def get_urlpatterns(self) -> list[URLPattern]:
        """All but ``create``, which has no form to show."""
        patterns = super().get_urlpatterns()
        return [pattern for pattern in patterns if pattern.name != "create"]


class ScopedSnippetIndexView(RememberPermissionMixin, snippets.IndexView):
    """A list of the snippets that the user may see."""

    # "Everything in the listing" would mean every row that the user may see,
    # whatever the filters on the screen say.
    template_name = "wagtail_bin/admin/scoped_index.html"

    def get_base_queryset(self) -> models.QuerySet[Any]:
        """Only what the user may see."""
        return visible(self.model, self.request.user)


class ScopedSnippetViewSet(GuardMixin, snippets.SnippetViewSet):
    """Screens for rows of a model that is a snippet."""

    index_view_class = ScopedSnippetIndexView
    index_template_name = ScopedSnippetIndexView.template_name
    chooser_viewset_class = ScopedChooserViewSet
    search_backend_name = None


class ScopedModelForm(WagtailAdminModelForm):
    """A form that offers only networks in which the user may do ``capability``.

    It is also what refuses to move a row to somebody else's network.
    """

    capability = Capability.EDIT_MEMBERS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if (
                isinstance(field, forms.ModelChoiceField)
                and field.queryset is not None
                and field.queryset.model is Network
            ):
                field.queryset = self.allowed_networks()

    def allowed_networks(self) -> models.QuerySet[Network]:
        """The networks that may be chosen; none when nobody asks."""
        if self.for_user is None:
            return Network.objects.none()
        return networks_for(self.for_user, self.capability)


class ScopedDeleteBulkAction(DeleteBulkAction):
    """Deletes chosen rows, all of them the user's to delete, and logs each."""

    models = [Charter, Member]

    def get_queryset(self, model: Any, object_ids: list[str]) -> Any:
        """The chosen rows.

        Raises:
            Http404: the user may not delete one of them.
        """
        return by_keys(visible(model, self.request.user, ["delete"]), object_ids)

    def get_all_objects_in_listing_query(self, parent_id: Any) -> list[str]:
        """Nothing: it would ignore the filters that the user set."""
        return []

    @classmethod
    def execute_action(
        cls, objects: list[Any], user: Any = None, **kwargs: Any
    ) -> tuple[int, int]:
        """Log and delete, in the transaction that Wagtail opened."""
        for row in objects:
            log(row, "wagtail.delete", deleted=True)
        return super().execute_action(objects, user=user, **kwargs)


def refuse(request: HttpRequest, **kwargs: str) -> HttpResponse:
    """Answer that there is nothing here."""
    raise Http404


def closed_urls() -> list[URLPattern]:
    """Addresses of wagtail-localize that would list all rows of a scoped snippet.

    Register them before its own. It finds the model whatever the case of its
    name, so these do too.
    """
    names = "|".join(map(_in_any_case, (Charter, Member)))
    return [
        re_path(
            rf"^localize/api/snippets/{Member._meta.app_label}/(?:{names})/", refuse
        ),
        re_path(
            rf"^localize/submit/snippet/{Member._meta.app_label}/(?:{names})/", refuse
        ),
    ]


def _in_any_case(model: type[models.Model]) -> str:
    """A pattern for a model's name."""
    return "".join(f"[{c}{c.upper()}]" for c in str(model._meta.model_name))
