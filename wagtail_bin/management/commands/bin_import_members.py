"""Import a member list from the command line, which is trusted with every network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange.apply import ImportResult, import_members
from wagtail_bin.exchange.formats import check_size
from wagtail_bin.exchange.preview import Preview, preview_import
from wagtail_bin.exchange.problems import describe
from wagtail_bin.exchange.rejects import refused_workbook
from wagtail_bin.exchange.staging import refused_rows
from wagtail_bin.exchange.uploads import BASES
from wagtail_bin.models import MemberImport, Network

RefusedRows = list[tuple[int, Sequence[str], Sequence[dict[str, str]]]]


class Command(BaseCommand):
    """``bin_import_members FILE --network SLUG``."""

    help = "Import a member list (CSV, XLSX, ODS) into a BIN."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, the network and how."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--network", required=True, help="Short name of the BIN.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Show what would happen."
        )
        parser.add_argument(
            "--basis",
            choices=[*BASES, "none"],
            default="none",
            help="On what ground members may be written to at once. With none they"
            " stay unconfirmed and get no tips.",
        )
        parser.add_argument(
            "--policy",
            choices=MemberImport.Policy.values,
            default=MemberImport.Policy.UPDATE,
            help="What becomes of members who are on the list already: take over what"
            " the file says, only fill in what is empty, or leave them as they are.",
        )
        parser.add_argument(
            "--refused", type=Path, help="Write the refused rows to this .xlsx file."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say what was done and what was refused."""
        network = self._network(options["network"])
        done: Preview | ImportResult
        header: Sequence[str]
        rows: RefusedRows
        try:
            source = self._read(options["file"])
            if options["dry_run"]:
                done = preview_import(
                    network=network,
                    source=source,
                    policy=options["policy"],
                    sample=None,
                )
                header = done.members.mapping.header
                rows = [
                    (row.line, row.cells, row.problems) for row in done.first_refused
                ]
            else:
                basis = options["basis"]
                done = import_members(
                    network=network,
                    user=None,
                    source=source,
                    file_name=options["file"].name,
                    basis="" if basis == "none" else basis,
                    policy=options["policy"],
                )
                header = done.member_import.mapping["header"]
                rows = list(refused_rows(done.member_import))
        except ImportRejected as error:
            raise CommandError(str(error)) from error
        self._tell_refused(rows)
        self._tell(done)
        if options["refused"] and rows:
            options["refused"].write_bytes(refused_workbook(header=header, rows=rows))

    def _network(self, slug: str) -> Network:
        network: Network | None = Network.objects.filter(slug=slug).first()
        if network is None:
            known = ", ".join(
                Network.objects.order_by("slug").values_list("slug", flat=True)
            )
            raise CommandError(
                _("There is no BIN %(slug)s. Known are: %(known)s.")
                % {"slug": slug, "known": known or "-"}
            )
        return network

    def _read(self, path: Path) -> bytes:
        try:
            check_size(path.stat().st_size)
            return path.read_bytes()
        except OSError as error:
            raise CommandError(
                _("The file cannot be read: %(reason)s.") % {"reason": error.strerror}
            ) from error

    def _tell_refused(self, rows: Iterable[tuple[int, Any, Any]]) -> None:
        for line, _cells, problems in rows:
            for problem in problems:
                field, reason = describe(problem)
                self.stdout.write(
                    _("line %(line)s, %(field)s: %(reason)s")
                    % {"line": line, "field": field, "reason": reason}
                )

    def _tell(self, done: Preview | ImportResult) -> None:
        self.stdout.write(
            _(
                "New: %(created)s. Changed: %(updated)s. Already there: %(unchanged)s."
                " Left or excluded, not brought back: %(kept_out)s."
                " Refused: %(refused)s. Missing from the file: %(missing)s."
            )
            % {
                "created": done.created,
                "updated": done.updated,
                "unchanged": done.unchanged,
                "kept_out": done.kept_out,
                "refused": done.refused,
                "missing": done.missing,
            }
        )
        if isinstance(done, Preview):
            self.stdout.write(_("Nothing was imported: this was a dry run."))
        elif done.is_without_effect:
            self.stdout.write(_("The list of members is unchanged."))
