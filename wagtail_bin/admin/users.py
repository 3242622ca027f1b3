"""Choosing a user account, for whoever may give mandates."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms.choosers import BaseFilterForm
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic import chooser
from wagtail.admin.viewsets.chooser import ChooserViewSet
from wagtail.admin.widgets.chooser import BaseChooser

MANDATES = ("wagtail_bin.add_mandate", "wagtail_bin.change_mandate")
# Fields of a user that are searched, as far as the project's users have them.
SEARCHED = ("first_name", "last_name", "email", get_user_model().USERNAME_FIELD)


def user_label(user: Any) -> str:
    """A user's full name and log-in name."""
    name, login = user.get_full_name(), user.get_username()
    return f"{name} ({login})" if name else str(login)


class UserFilterForm(BaseFilterForm):
    """Search by a part of the name, the log-in name or the e-mail address."""

    q = forms.CharField(
        label=_("Name or e-mail"),
        required=False,
        widget=forms.TextInput(attrs={"placeholder": _("Search")}),
    )

    def filter(self, objects: QuerySet[Any]) -> QuerySet[Any]:
        """Users in whom every word occurs."""
        objects = super().filter(objects)
        known = {field.name for field in objects.model._meta.get_fields()}
        self.search_query = self.cleaned_data.get("q")
        self.is_searching = bool(self.search_query)
        for word in (self.search_query or "").split():
            found = Q()
            for field in known.intersection(SEARCHED):
                found |= Q(**{f"{field}__icontains": word})
            objects = objects.filter(found)
        return objects


class GuardedMixin:
    """For those only who may add or change mandates."""

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Refuse everybody else."""
        if not any(map(request.user.has_perm, MANDATES)):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class UserListMixin(GuardedMixin):
    """Lists the accounts that somebody can log in with."""

    filter_form_class = UserFilterForm
    ordering = [get_user_model().USERNAME_FIELD]

    def get_object_list(self) -> QuerySet[Any]:
        """Active users."""
        return get_user_model()._default_manager.filter(is_active=True)

    @property
    def columns(self) -> list[Column]:
        """The name, as it is shown once it is chosen."""
        column = super().title_column  # type: ignore[misc]
        column.accessor, column.label = user_label, _("User account")
        return [column]


class ChooseUserView(UserListMixin, chooser.ChooseView):
    """The chooser."""


class ChooseUserResultsView(UserListMixin, chooser.ChooseResultsView):
    """A page of the chooser."""


class UserTitleMixin(GuardedMixin):
    """Says what was chosen."""

    def get_display_title(self, instance: Any) -> str:
        """The name."""
        return user_label(instance)


class ChosenUserView(UserTitleMixin, chooser.ChosenView):
    """The user chosen."""


class ChosenUsersView(UserTitleMixin, chooser.ChosenMultipleView):
    """The users chosen."""


class UserChooser(BaseChooser):
    """The field in a form."""

    def get_display_title(self, instance: Any) -> str:
        """The name."""
        return user_label(instance)


class UserChooserViewSet(ChooserViewSet):
    """The chooser, without a form to add users: that is for who manages users."""

    model = get_user_model()
    icon = "user"
    choose_one_text = _("Choose a user account")
    choose_another_text = _("Choose another user account")
    # Forms of the project keep their own widgets.
    register_widget = False
    base_widget_class = UserChooser
    choose_view_class = ChooseUserView
    choose_results_view_class = ChooseUserResultsView
    chosen_view_class = ChosenUserView
    chosen_multiple_view_class = ChosenUsersView

    def get_urlpatterns(self) -> list[URLPattern]:
        """All but ``create``, which has no form to show."""
        patterns = super().get_urlpatterns()
        return [pattern for pattern in patterns if pattern.name != "create"]


user_chooser = UserChooserViewSet("bin-users", url_prefix="bin-users")
