"""What to look at again in a page: after saving it, and before it is sent.

Wagtail's own *Checks* panel beside the form runs in the browser alone (axe, on the
preview of the page) and takes nothing from the server; what only the server can tell
stands in a message after saving.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from wagtail.admin import messages

from wagtail_bin.admin.notices import Notice
from wagtail_bin.admin.translation_links import translation_url
from wagtail_bin.dispatch.audience import layout_label
from wagtail_bin.dispatch.content_checks import check_page, missing_languages
from wagtail_bin.dispatch.translations import PageLanguages, page_languages
from wagtail_bin.models import Municipality, SentPageMixin


def content_notices(
    *,
    languages: PageLanguages,
    municipalities: Iterable[Municipality],
    told: Collection[str] = (),
) -> list[Notice]:
    """Remarks about every version that would be sent, and about those there are not.

    Args:
        languages: of the page.
        municipalities: of the BINs that get it.
        told: languages whose lack is told elsewhere.
    """
    notices = []
    for code, page in languages.ready.items():
        edit = reverse("wagtailadmin_pages:edit", args=[page.pk])
        title = layout_label(code) if len(languages.ready) > 1 else ""
        notices += [
            Notice(title=title, text=remark.text, links=[(edit, _("Change it"))])
            for remark in check_page(page)
        ]
    for code in missing_languages(municipalities, [*languages.ready, *told]):
        notices.append(_missing(code, languages))
    return notices


def _missing(code: str, languages: PageLanguages) -> Notice:
    """A language of the municipality, and the way to make it or to finish it."""
    page, reason = languages.unready.get(code, (None, _("not translated yet")))
    own = next(iter(languages.ready.values()))
    url = translation_url(own, page)
    return Notice(
        title=_("Missing in %(language)s:") % {"language": layout_label(code)},
        text=_("that version is %(reason)s.") % {"reason": reason},
        links=[(url, _("See to the translation"))],
    )


def after_saving(request: HttpRequest, page: Any) -> None:
    """Tell whoever saved a page what to look at again.

    Not with every letter: autosave posts the same form as JSON.
    """
    if not isinstance(page, SentPageMixin) or "json" in request.headers.get(
        "Accept", ""
    ):
        return
    page = page.get_latest_revision_as_object()  # type: ignore[attr-defined]
    notices = content_notices(
        languages=page_languages(page),
        municipalities=Municipality.objects.filter(site=page.get_site()),
    )
    # The page that is open needs no link to itself.
    edit = reverse("wagtailadmin_pages:edit", args=[page.pk])
    if notices:
        rows = format_html_join(
            "",
            "<li>{} {}{}</li>",
            (
                (
                    notice.title,
                    notice.text,
                    format_html_join(
                        "",
                        ' <a href="{}">{}</a>',
                        (link for link in notice.links if link[0] != edit),
                    ),
                )
                for notice in notices
            ),
        )
        intro = _("Look at this before you send the tip:")
        messages.warning(request, format_html("{}<ul>{}</ul>", intro, rows))
