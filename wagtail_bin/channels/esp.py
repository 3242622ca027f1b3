"""E-mail through a provider's interface, by anymail: what each answer means.

Anymail gives time-outs before and after the request one class, lets errors of
its readers and of signal receivers out after the mail has left, and raises
nothing for some refusals. So: a row per recipient counts where there is one;
else it counts how far the call got.
"""

from __future__ import annotations

import functools
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from typing import Any

from anymail.backends.base_requests import AnymailRequestsBackend
from anymail.exceptions import AnymailAPIError, AnymailError
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from wagtail_bin.channels.base import Outcome, OutgoingMessage, Receipt
from wagtail_bin.channels.batches import batch_mail, groups
from wagtail_bin.channels.mime import MailTemplate, wire_address
from wagtail_bin.channels.providers import literal, provider_headers, provider_of
from wagtail_bin.conf import conf

ADDRESSES = {"to", "cc", "bcc"}
LONGEST_WAIT = 24 * 60 * 60
# Nothing that one recipient is to blame for: our login, our bill, our settings,
# too many calls, or a request that did not come through whole.
OUR_STATUS_CODES = {401, 402, 403, 404, 405, 408, 421, 425, 429}
# Likewise, where Amazon answers 400.
OUR_AWS_ERRORS = {
    "AccountSuspendedException",
    "LimitExceededException",
    "MailFromDomainNotVerifiedException",
    "SendingPausedException",
    "Throttling",
    "ThrottlingException",
}
# What requests and Amazon's library raise before they call anybody.
REFUSED_BY_THE_LIBRARY = {
    "CredentialRetrievalError",
    "InvalidHeader",
    "InvalidSchema",
    "InvalidURL",
    "MissingSchema",
    "NoCredentialsError",
    "ParamValidationError",
    "PartialCredentialsError",
}
TEMPLATES = 8
# How many seconds a batch waits for its turn to be built.
PATIENCE = 1.0


class AnymailTransport:
    """Mail over an open anymail backend.

    Args:
        connection: an anymail backend, not open yet.
        batch_limit: most mails in one call, where the provider takes several.
    """

    is_open = True

    def __init__(self, connection: Any, batch_limit: int = 1) -> None:
        self._connection = connection
        self._provider = provider_of(connection)
        self.source = str(connection.esp_name).lower()
        self.batch_limit = max(1, min(batch_limit, self._provider.batch))
        self._template = functools.lru_cache(maxsize=TEMPLATES)(MailTemplate)
        # A project's defaults for all of its mail; ours has one recipient.
        connection.send_defaults = {
            name: value
            for name, value in connection.send_defaults.items()
            if name not in ADDRESSES
        }
        _set_timeouts(connection)
        connection.open()
        self._turn = Turn()
        if isinstance(connection, AnymailRequestsBackend):
            for prefix, adapter in list(connection.session.adapters.items()):
                connection.session.mount(prefix, _EndOfTurn(adapter, self._turn))

    def close(self) -> None:
        """Close what the backend keeps open."""
        self._connection.close()

    def deliver(
        self, message: OutgoingMessage, _following: OutgoingMessage | None = None
    ) -> Receipt:
        """Send one mail."""
        try:
            mail = self._single_mail(message)
        except ValueError as error:
            return Receipt(Outcome.REJECTED, "", type(error).__name__, self.source)
        return self._call(mail)[0]

    def deliver_batch(self, messages: Sequence[OutgoingMessage]) -> list[Receipt]:
        """Send several, in as few calls as their differences allow."""
        receipts: dict[int, Receipt] = {}
        for positions in groups(messages, self._provider, self.batch_limit):
            members = [messages[position] for position in positions]
            if len(members) == 1:
                results = [self.deliver(members[0])]
            else:
                with self._turn:
                    results = self._call(batch_mail(members, self._connection))
            receipts.update(zip(positions, results, strict=True))
        return [receipts[position] for position in range(len(messages))]

    def _single_mail(self, message: OutgoingMessage) -> EmailMultiAlternatives:
        content = message.content
        mail = _Mail(
            subject=literal(message.subject),
            body=literal(message.text),
            from_email=content.from_email,
            to=[wire_address(message.to)],
            reply_to=[message.reply_to] if message.reply_to else None,
            headers=provider_headers(message.headers, self._provider),
            connection=self._connection,
        )
        if content.html:
            mail.attach_alternative(literal(message.html), "text/html")
        if self._provider.takes_mime:
            template = self._template(content)
            mail.mime = template.build(message, template.message_id(message))
        if self._provider.has_metadata:
            mail.metadata = {"delivery": message.reference}
        return mail

    def _call(self, mail: EmailMultiAlternatives) -> list[Receipt]:
        error = None
        try:
            self._connection.send_messages([mail])
        except Exception as caught:  # noqa: BLE001 -- any failure becomes a receipt
            error = caught
        return receipts_of(mail, error, self.source)


class Turn:
    """Batches are built one after the other, in all threads of a process.

    The interpreter does one thing at a time: two that are built together are
    both ready late, and then all connections wait for the provider at once. In
    turns, one is on its way while the next one is built.
    """

    _one = threading.Lock()

    def __init__(self) -> None:
        self._is_ours = False

    def __enter__(self) -> None:
        # A courtesy, and no condition: whoever is stuck holds up nobody for long.
        self._is_ours = self._one.acquire(timeout=PATIENCE)

    def __exit__(self, *error: object) -> None:
        self.end()

    def end(self) -> None:
        """Let others have their turn, if this is ours."""
        if self._is_ours:
            self._is_ours = False
            self._one.release()


class _EndOfTurn:
    """A transport adapter of requests: what it is given to send is built.

    Args:
        adapter: the one that sends.
        turn: ends as the call begins.
    """

    def __init__(self, adapter: Any, turn: Turn) -> None:
        self._adapter = adapter
        self._turn = turn

    def send(self, *args: Any, **kwargs: Any) -> Any:
        """Send a request."""
        self._turn.end()
        return self._adapter.send(*args, **kwargs)

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()


class _Mail(EmailMultiAlternatives):
    """A mail that brings its own bytes, whose headers nobody folds anew."""

    mime: bytes
    metadata: dict[str, str]

    def message(self, *args: Any, **kwargs: Any) -> Any:
        """The mail as a MIME message, for a provider that takes one."""
        return message_from_bytes(
            self.mime, policy=policy.SMTP.clone(refold_source="none")
        )


def receipts_of(
    mail: EmailMultiAlternatives, error: Exception | None, source: str
) -> list[Receipt]:
    """What is known of each address of a mail after anymail's call.

    Args:
        mail: as it was given to anymail, which notes the answer on it.
        error: what the call raised.
        source: name of the provider.

    Returns:
        One receipt per address in ``To``, in their order.
    """
    status = getattr(mail, "anymail_status", None)
    rows = {to.lower(): row for to, row in status.recipients.items()} if status else {}
    if rows:
        return [_row_receipt(rows.get(to.lower()), source) for to in mail.to]
    is_answered = status is not None and status.esp_response is not None
    if error is None:
        # A receiver of anymail's pre_send signal cancelled it.
        receipt = Receipt(Outcome.REJECTED, "", "cancelled", source)
        if is_answered:
            receipt = Receipt(Outcome.UNKNOWN, "", "no_status", source)
    else:
        receipt = _call_receipt(error, source, is_answered=is_answered)
    return [receipt] * len(mail.to)


def _row_receipt(row: Any, source: str) -> Receipt:
    """A provider's status of one recipient; without an id it is no acceptance."""
    if row is None:
        return Receipt(Outcome.UNKNOWN, "", "no_status", source)
    identifier = str(row.message_id or "")
    outcome = Outcome.UNKNOWN
    if row.status in {"queued", "sent"} and identifier:
        outcome = Outcome.ACCEPTED
    elif row.status in {"rejected", "invalid", "failed"}:
        outcome = Outcome.REJECTED
    return Receipt(outcome, identifier, str(row.status), source)


def _call_receipt(error: Exception, source: str, *, is_answered: bool) -> Receipt:
    """A call that failed as a whole."""
    kind = type(error.__cause__ or error).__name__
    if isinstance(error, AnymailAPIError):
        return _answer_receipt(error, kind, source, is_answered=is_answered)
    # Anymail's other errors say that it could not write the mail for the provider,
    # or, once that has answered, could not read what it said.
    is_refused_before = isinstance(error, AnymailError) or not _went_through(
        error, "backends", "post_to_esp"
    )
    if is_answered or not is_refused_before:
        return Receipt(Outcome.UNKNOWN, "", kind, source, is_channel_wide=True)
    return Receipt(Outcome.REJECTED, "", kind, source)


def _answer_receipt(
    error: AnymailAPIError, kind: str, source: str, *, is_answered: bool
) -> Receipt:
    status, name, headers = _answer(error)
    wait = _seconds_to_wait(headers)
    if status in OUR_STATUS_CODES or name in OUR_AWS_ERRORS:
        outcome, is_channel_wide = Outcome.RETRY, True
    elif status is not None and 400 <= status < 500:
        outcome, is_channel_wide = Outcome.REJECTED, False
    elif status is None and not is_answered and _is_certainly_unsent(error):
        outcome, is_channel_wide = Outcome.RETRY, True
    else:
        outcome, is_channel_wide = Outcome.UNKNOWN, True
    code = str(status or kind)
    return Receipt(outcome, "", code, source, wait, is_channel_wide)


def _answer(error: AnymailAPIError) -> tuple[int | None, str, Mapping[str, str]]:
    """HTTP status, Amazon's name of the error, and headers, as far as there are."""
    response = error.response
    if isinstance(response, Mapping):
        meta = response.get("ResponseMetadata", {})
        name = response.get("Error", {}).get("Code", "")
        return meta.get("HTTPStatusCode"), name, meta.get("HTTPHeaders", {})
    return error.status_code, "", getattr(response, "headers", {})


def _is_certainly_unsent(error: BaseException) -> bool:
    """Whether there never was a connection that the request could go out over."""
    return _went_through(error, "ssl", "do_handshake") or any(
        isinstance(link, NewConnectionError | ConnectTimeoutError)
        or type(link).__name__ in REFUSED_BY_THE_LIBRARY
        for link in _chain(error)
    )


def _went_through(error: BaseException, module: str, function: str) -> bool:
    """Whether an error, or what caused it, came out of a function."""
    return any(
        frame.f_code.co_name == function and module in frame.f_code.co_filename
        for link in _chain(error)
        for frame, _ in traceback.walk_tb(link.__traceback__)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _seconds_to_wait(headers: Mapping[str, str]) -> float:
    """Retry-After (RFC 9110 section 10.2.3): seconds, or a date; 0: not said."""
    value = str(headers.get("Retry-After") or headers.get("retry-after") or "").strip()
    if value.isascii() and value.isdecimal():
        return min(float(value), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(value)
        seconds = (moment - timezone.now()).total_seconds()
    except (TypeError, ValueError):
        return 0
    return min(max(seconds, 0), LONGEST_WAIT)


def _set_timeouts(connection: Any) -> None:
    """Short to connect, longer to answer, and no attempt but ours."""
    if isinstance(connection, AnymailRequestsBackend):
        connection.timeout = (conf.CONNECT_TIMEOUT, conf.CALL_TIMEOUT)
    elif hasattr(connection, "client_params"):
        # Amazon's library repeats calls by itself, also after a read time-out.
        config = connection.client_params["config"]
        connection.client_params["config"] = config.merge(
            type(config)(
                connect_timeout=conf.CONNECT_TIMEOUT,
                read_timeout=conf.CALL_TIMEOUT,
                retries={"total_max_attempts": 1, "mode": "standard"},
            )
        )
