"""The mail that the demo's sink caught, as a mailbox would show it.

Only there where ``settings.MAIL_SINK_DIR`` is: in the demo and in tests.
"""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

PER_PAGE = 50
SANDBOX = "allow-popups allow-popups-to-escape-sandbox"


def _folder() -> Path:
    directory = getattr(settings, "MAIL_SINK_DIR", None)
    if not directory:
        raise Http404
    return Path(directory) / "new"


def _read(path: Path) -> dict[str, object]:
    """One message with the file it came from. Raises Http404 when it is gone."""
    if not path.is_file():
        raise Http404
    message: EmailMessage = email.message_from_bytes(  # type: ignore[assignment]
        path.read_bytes(), policy=email.policy.default
    )
    date = message["date"]
    moment = getattr(date, "datetime", None)
    if moment is None:
        moment = dt.datetime.fromtimestamp(path.stat().st_mtime, tz=dt.UTC)
    elif moment.tzinfo is None:
        # RFC 5322: "-0000" is UTC of a sender who does not tell its own zone.
        moment = moment.replace(tzinfo=dt.UTC)
    return {"name": path.name, "message": message, "date": moment}


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return part.get_content() if part else ""


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """The caught messages, newest first; only those on the page are parsed."""
    names = sorted((path.name for path in _folder().glob("*")), reverse=True)
    page = Paginator(names, PER_PAGE).get_page(request.GET.get("page"))
    mails = [
        {
            **mail,
            "sender": mail["message"]["from"],  # type: ignore[index]
            "to": mail["message"]["to"],  # type: ignore[index]
            "subject": mail["message"]["subject"],  # type: ignore[index]
        }
        for mail in (_read(_folder() / name) for name in page.object_list)
    ]
    return render(request, "home/mailbox.html", {"page_of_names": page, "mails": mails})


@require_safe
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """One message: what a reader sees, its plain text, and all its headers."""
    found = _read(_folder() / name)
    message: EmailMessage = found["message"]  # type: ignore[assignment]
    context = {
        **found,
        "subject": message["subject"],
        "headers": message.items(),
        "text": _part(message, "plain"),
        "has_html": bool(_part(message, "html")),
        "sandbox": SANDBOX,
    }
    return render(request, "home/mail.html", context)


@require_safe
@xframe_options_sameorigin
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML of one message, without scripts, forms or anything from afar."""
    message: EmailMessage = _read(_folder() / name)["message"]  # type: ignore[assignment]
    body = '<base target="_blank">' + _part(message, "html")
    response = HttpResponse(body)
    response["Content-Security-Policy"] = (
        f"sandbox {SANDBOX}; default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    )
    return response
