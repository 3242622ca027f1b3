"""The second screen: what the columns hold, and on what terms the list comes in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_bin.admin.imports.one_import import OneImportView, State, Step, screen_of
from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange.columns import Columns, columns_of
from wagtail_bin.exchange.mapping import FIELD_LABELS, FIELDS, Column, Grounds, is_own
from wagtail_bin.exchange.uploads import choose_columns
from wagtail_bin.models import Consent, MemberImport

NO_BASIS = "none"
BASES = (
    (
        Consent.Basis.ENROLMENT,
        gettext_lazy(
            "Yes: each of them signed an enrolment form. New members are active at"
            " once and get tips from now on."
        ),
    ),
    (
        Consent.Basis.TRANSFER,
        gettext_lazy(
            "Yes: this is the list of the coordinator, and its members were told. New"
            " members are active at once and get tips from now on."
        ),
    ),
    (
        NO_BASIS,
        gettext_lazy(
            "Not yet. New members are put on the list as not yet confirmed; you can"
            " invite them, and they get nothing until they have said yes."
        ),
    ),
)
POLICIES = (
    (
        MemberImport.Policy.UPDATE,
        gettext_lazy(
            "What the file says is taken over. An empty cell never erases anything."
        ),
    ),
    (
        MemberImport.Policy.FILL,
        gettext_lazy("Only what is still empty on the list is filled in."),
    ),
    (
        MemberImport.Policy.SKIP,
        gettext_lazy("They stay as they are. Only new members are added."),
    ),
)
GROUNDS = {
    Grounds.HEADER: "",
    Grounds.VALUES: gettext_lazy("guessed from what stands in it"),
    Grounds.CHOSEN: "",
    Grounds.NONE: "",
}


@dataclasses.dataclass(frozen=True)
class ColumnRow:
    """A line of the table.

    Attributes:
        letter: as the spreadsheet calls the column.
        choice: the field to choose what it holds.
        grounds: a word on why it is read like this, where that needs one.
    """

    letter: str
    column: Column
    choice: BoundField
    grounds: str


class ColumnsForm(forms.Form):
    """What each column holds, and the terms."""

    policy = forms.ChoiceField(
        label=gettext_lazy("Members who are on the list already"),
        widget=forms.RadioSelect,
        choices=POLICIES,
        initial=MemberImport.Policy.UPDATE,
    )
    basis = forms.ChoiceField(
        label=gettext_lazy("May the new members be written to?"),
        widget=forms.RadioSelect,
        choices=BASES,
    )

    def __init__(self, *args: Any, columns: Columns, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._columns = columns.mapping.columns
        choices = [
            ("", _("do not read")),
            *((field, capfirst(FIELD_LABELS[field])) for field in FIELDS),
        ]
        for number, column in enumerate(self._columns):
            self.fields[_name(number)] = forms.ChoiceField(
                label=_("Column %(letter)s, %(header)s, holds")
                % {"letter": letter_of(number), "header": column.name or "–"},
                choices=choices,
                required=False,
                initial=column.field,
            )

    def terms(self) -> list[BoundField]:
        """The fields that are about the list as a whole."""
        return [self["policy"], self["basis"]]

    def rows(self) -> Iterator[ColumnRow]:
        """The columns; not those that are empty, or that we added ourselves."""
        for number, column in enumerate(self._columns):
            if (column.name or column.samples) and not is_own(column.name):
                yield ColumnRow(
                    letter_of(number),
                    column,
                    self[_name(number)],
                    str(GROUNDS[column.grounds]),
                )

    @property
    def chosen(self) -> Sequence[str]:
        """What each column holds, from left to right."""
        return [self.cleaned_data[_name(n)] for n in range(len(self._columns))]

    @property
    def chosen_basis(self) -> str:
        """The basis as an import keeps it: empty for none."""
        basis = self.cleaned_data["basis"]
        return "" if basis == NO_BASIS else str(basis)


class ColumnsView(OneImportView):
    """Show the columns as they are read so far, and let them be corrected."""

    template_name = "wagtail_bin/admin/imports/columns.html"
    states = (State.UPLOADED, State.PLANNED)
    step = Step.COLUMNS

    @cached_property
    def columns(self) -> Columns:
        """The columns of the chosen sheet."""
        asked = self.request.POST if self.request.method == "POST" else self.request.GET
        return columns_of(
            member_import=self.member_import,
            user=self.request.user,
            sheet=asked.get("sheet") or None,
        )

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The form."""
        member_import = self.member_import
        initial = {"policy": member_import.policy}
        if member_import.state == State.PLANNED:
            initial["basis"] = member_import.basis or NO_BASIS
        return self._show(ColumnsForm(columns=self.columns, initial=initial))

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Have the plan made."""
        form = ColumnsForm(request.POST, columns=self.columns)
        if not form.is_valid():
            return self._show(form)
        try:
            done = choose_columns(
                member_import=self.member_import,
                user=request.user,
                fields=form.chosen,
                basis=form.chosen_basis,
                policy=form.cleaned_data["policy"],
                sheet=self.columns.sheet,
            )
        except ImportRejected as error:
            form.add_error(None, str(error))
            return self._show(form)
        return redirect(screen_of(done))

    def _show(self, form: ColumnsForm) -> HttpResponse:
        return self.show(form=form, columns=self.columns)


def letter_of(number: int) -> str:
    """What a spreadsheet calls a column: 0 is A, 26 is AA."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _name(number: int) -> str:
    return f"column-{number}"
