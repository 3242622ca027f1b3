"""Where providers report what became of messages.

Only the providers in ``WAGTAIL_BIN_WEBHOOKS`` have an address here, each at
``webhooks/<name>/``, and only reports that are signed, or know the secret, are
looked at. Anymail reads those of its providers.
"""

from __future__ import annotations

import logging
import traceback
from typing import Any
from urllib.parse import urlsplit

from anymail import urls as anymail_urls
from anymail.exceptions import AnymailWebhookValidationFailure
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.http.response import HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

from wagtail_bin.channels.registry import channel_settings
from wagtail_bin.conf import conf
from wagtail_bin.dispatch import receipts

logger = logging.getLogger(__name__)

TWILIO = "twilio"


# A provider has no session; its secret or signature is the proof.
@csrf_exempt
@login_not_required
def webhook(request: HttpRequest, provider: str) -> HttpResponse:
    """Take a provider's reports. Nothing but a POST changes anything.

    Answers 403 for a provider that is not configured (a 404 would be redirected
    by Django's LocaleMiddleware), 400 or 403 to what is not proved, 413 to what
    is too large, and 500 to what could not be stored, upon which the provider
    sends it again.
    """
    if provider not in conf.WEBHOOKS:
        return HttpResponseForbidden()
    if request.method == "POST" and not _read_body(request):
        return HttpResponse(status=413)
    try:
        return _twilio(request) if provider == TWILIO else _anymail(request, provider)
    except ImproperlyConfigured:
        raise
    except AnymailWebhookValidationFailure:
        # Not its text: that may hold the secret.
        logger.warning("A report of %s was not proved", provider)
        return HttpResponse(status=400)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it will come again
        # Where, not what: the text may quote the report, and so an address.
        place = traceback.extract_tb(error.__traceback__)[-1]
        logger.error(  # noqa: TRY400
            "A report of %s was not stored: %s in %s, line %s",
            provider,
            type(error).__name__,
            place.name,
            place.lineno,
        )
        return HttpResponse(status=500)


def anymail_views(provider: str) -> list[Any]:
    """Fresh views that take a provider's reports, each with keys of its own.

    Args:
        provider: anymail's name of it, such as ``postmark``.

    Returns:
        The one with the keys in ``ANYMAIL``, then that with those of
        ``WAGTAIL_BIN_WEBHOOK_PREVIOUS_KEYS``.

    Raises:
        ImproperlyConfigured: anymail knows no such webhook, or it has neither a
            secret nor a key and would believe anybody.
    """
    for pattern in anymail_urls.urlpatterns:
        if pattern.name == f"{provider}_tracking_webhook":
            view_class = pattern.callback.view_class
            break
    else:
        raise ImproperlyConfigured(f"anymail receives nothing from {provider!r}.")
    views = [view_class()]
    previous = conf.WEBHOOK_PREVIOUS_KEYS.get(provider)
    if previous:
        views.append(view_class(**previous))
    for view in views:
        # Anymail's only sign of a signature being checked.
        if not view.basic_auth and view.warn_if_no_basic_auth:
            raise ImproperlyConfigured(
                f"Set WEBHOOK_SECRET in ANYMAIL: anybody could report for {provider!r}."
            )
    return views


def twilio_tokens() -> list[str]:
    """The auth tokens that a report of Twilio may be signed with.

    Raises:
        ImproperlyConfigured: there is none.
    """
    options = _twilio_options()
    tokens = list(conf.TWILIO_AUTH_TOKENS)
    tokens = tokens or sorted({o["auth_token"] for o in options if o.get("auth_token")})
    if not tokens:
        raise ImproperlyConfigured(
            "Set WAGTAIL_BIN_TWILIO_AUTH_TOKENS: anybody could report for Twilio."
        )
    return tokens


def _read_body(request: HttpRequest) -> bool:
    """Read the body as far as it may go; False if there is more.

    It has a limit of its own: a batch of reports may be larger than any form
    that the project's ``DATA_UPLOAD_MAX_MEMORY_SIZE`` is meant for.
    """
    body = request.read(conf.WEBHOOK_MAX_BYTES + 1)
    if len(body) > conf.WEBHOOK_MAX_BYTES:
        return False
    # Where HttpRequest.body keeps what it has read itself.
    request._body = body
    return True


def _anymail(request: HttpRequest, provider: str) -> HttpResponse:
    views = anymail_views(provider)
    view = _believing(views, request) if request.method == "POST" else views[0]
    view.setup(request)
    # All reports of one request in one transaction.
    with receipts.together():
        response: HttpResponse = view.dispatch(request)
    return response


def _believing(views: list[Any], request: HttpRequest) -> Any:
    """The view whose keys the request was signed with.

    Where there is none, the last one: it looks itself, and refuses.
    """
    for view in views[:-1]:
        try:
            view.run_validators(request)
        except AnymailWebhookValidationFailure:
            continue
        return view
    return views[-1]


def _twilio(request: HttpRequest) -> HttpResponse:
    """A status callback. Its query holds our reference, and is signed with it."""
    if request.method == "HEAD":
        return HttpResponse()
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST", "HEAD"])
    from wagtail_bin.channels.twilio import parse_status, validate_signature

    path = request.get_full_path()
    signature = request.headers.get("X-Twilio-Signature", "")
    tokens = twilio_tokens()
    valid = [
        validate_signature(f"{root}{path}", request.POST, signature, tokens)
        for root in _roots()
    ]
    if not any(valid):
        return HttpResponseForbidden()
    event = parse_status({**request.GET.dict(), **request.POST.dict()})
    receipts.receive([event])
    return HttpResponse(status=204)


def _roots() -> list[str]:
    """Where Twilio may have called us: a proxy hides it, so our settings say it."""
    addresses = [o.get("status_callback", "") for o in _twilio_options()]
    parts = [urlsplit(str(address)) for address in (*addresses, conf.base_url)]
    return sorted({f"{part.scheme}://{part.netloc}" for part in parts if part.netloc})


def _twilio_options() -> list[Any]:
    """Options of the channels; those of other providers have no such names."""
    return [channel_settings(name).options for name in conf.CHANNELS]
