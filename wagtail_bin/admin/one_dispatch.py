"""What all screens of one dispatch share: the dispatch, and who may do what with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_bin.exceptions import DispatchError, NotAllowed
from wagtail_bin.models import Dispatch, Network
from wagtail_bin.permissions import Capability, networks_for

INDEX = "wagtail_bin_admin:dispatch_index"
DISPATCH = "wagtail_bin_admin:dispatch"


@dataclasses.dataclass(frozen=True)
class Sight:
    """What a user may see of one dispatch, and do with it.

    Attributes:
        networks: those of its BINs that are the user's.
        has_others: whether it went to other BINs too, which are not shown.
        may_control: whether the user may send to all of its BINs.
        may_list: whether the user may see members of one of them at least.
        may_export: whether the user may take a list of some of them away.
        may_hand_over: whether the user may send to all its members, and take a
            list of them away.
    """

    networks: Sequence[Network]
    has_others: bool
    may_control: bool
    may_list: bool
    may_export: bool
    may_hand_over: bool


def sight_of(user: Any, dispatch: Dispatch) -> Sight:
    """Find out what a user may see of a dispatch, and do with it."""
    number = dispatch.networks.count()

    def held(capability: Capability) -> int:
        return networks_for(user, capability).filter(dispatches=dispatch).count()

    own = list(networks_for(user, Capability.VIEW_NETWORK).filter(dispatches=dispatch))
    sends, takes = held(Capability.SEND), held(Capability.EXPORT_MEMBERS)
    return Sight(
        networks=own,
        has_others=len(own) < number,
        may_control=0 < sends == number,
        may_list=held(Capability.VIEW_MEMBERS) > 0,
        may_export=takes > 0,
        may_hand_over=0 < sends == takes == number,
    )


def visible_dispatches(user: Any) -> Any:
    """Dispatches to a BIN of the user's, each with its ``own_networks``."""
    own = networks_for(user, Capability.VIEW_NETWORK)
    return Dispatch.objects.visible_to(user).prefetch_related(
        Prefetch("networks", queryset=own, to_attr="own_networks")
    )


class OneDispatchView(WagtailAdminTemplateMixin, View):
    """A screen of one dispatch; another BIN's does not exist."""

    page_title = gettext_lazy("Sent to members")
    header_icon = "mail"
    request: HttpRequest

    @cached_property
    def sending(self) -> Dispatch:
        """The dispatch; a view has a method of that name."""
        return get_object_or_404(
            Dispatch.objects.visible_to(self.request.user).select_related(
                "page", "approved_by"
            ),
            pk=self.kwargs["pk"],
        )

    @cached_property
    def sight(self) -> Sight:
        """What the user may see and do."""
        return sight_of(self.request.user, self.sending)

    @property
    def counted_networks(self) -> QuerySet[Network] | None:
        """Whose members the user may see in numbers; None: all."""
        if not self.sight.has_others:
            return None
        return networks_for(self.request.user, Capability.VIEW_COUNTS)

    def show(self, **context: Any) -> HttpResponse:
        """The screen."""
        context = {"dispatch": self.sending, "sight": self.sight} | context
        response: HttpResponse = self.render_to_response(
            self.get_context_data(**context)
        )
        # It may hold members' data.
        response["Cache-Control"] = "no-store, private"
        return response

    def get_page_subtitle(self) -> str:
        """The title that was sent."""
        return self.sending.title

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Below the list, and below the dispatch where it is another screen."""
        return [
            *self.breadcrumbs_items,
            {"url": reverse(INDEX), "label": OneDispatchView.page_title},
            {
                "url": reverse(DISPATCH, args=[self.sending.pk]),
                "label": self.sending.title,
            },
            {"url": "", "label": self.get_page_title()},
        ]


class ControlView(OneDispatchView):
    """A button, or a form, that does something to a dispatch.

    POST does it, however often it is pressed, and leads back to the dispatch.
    """

    http_method_names = ["post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Only for those who may."""
        if not self.is_allowed():
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def is_allowed(self) -> bool:
        """Whether the user may send to all of the dispatch's BINs."""
        return self.sight.may_control

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Do it, and say what was done or why it could not be."""
        return self.do()

    def do(self) -> HttpResponse:
        """Carry out :meth:`act` and go back to the dispatch."""
        try:
            said = self.act()
        except NotAllowed:
            raise PermissionDenied from None
        except DispatchError as error:
            messages.error(self.request, str(error))
        except ValidationError as error:
            messages.error(self.request, " ".join(error.messages))
        else:
            messages.success(self.request, said)
        return redirect(self.get_success_url())

    def act(self) -> str:
        """Do it, and say in words what was done.

        Raises:
            NotAllowed, DispatchError, ValidationError: it cannot be done.
        """
        raise NotImplementedError

    def get_success_url(self) -> str:
        """Where the user goes then."""
        return reverse(DISPATCH, args=[self.sending.pk])
