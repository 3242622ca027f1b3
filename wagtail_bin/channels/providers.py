"""What the e-mail providers that anymail speaks to can do with our mail.

A table, since anymail's batches differ in what they carry. A batch is used only
where each recipient gets their own text, their own ``List-Unsubscribe`` and
their own metadata. The tests compare each row with what anymail hands over.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Provider:
    """One provider, as anymail reaches it.

    Attributes:
        has_metadata: hands our reference back in its events.
        merges: what it takes per recipient in one call: ``data`` (values for
            fields), ``headers`` (``List-Unsubscribe``), ``metadata``.
        field: how a value is asked for in a mail's own text, ``{}`` for its
            name; empty: not at all, or by the mail's placeholders.
        batch: most recipients of one call; 1: a batch would lose something.
        is_field_exact: documented to put values in as they are. Where that is
            not known, values that HTML has to escape go one by one.
        refused_headers: in lower case; the provider sets them itself and
            refuses a mail that brings them.
        takes_mime: gets a finished mail rather than its parts.
    """

    has_metadata: bool = True
    merges: frozenset[str] = frozenset()
    field: str = ""
    batch: int = 1
    is_field_exact: bool = True
    refused_headers: frozenset[str] = frozenset()
    takes_mime: bool = False


_ALL = frozenset({"data", "headers", "metadata"})

# By anymail's ``esp_name``, in lower case.
PROVIDERS: dict[str, Provider] = {
    "amazon ses": Provider(takes_mime=True),
    # It escapes values unless told not to, in the text, too.
    "brevo": Provider(
        merges=_ALL,
        field="{{% autoescape off %}}{{{{ params.{} }}}}{{% endautoescape %}}",
        batch=1000,
    ),
    "mailersend": Provider(has_metadata=False),
    "mailgun": Provider(merges=_ALL, field="%recipient.{}%", batch=1000),
    "mailjet": Provider(
        merges=_ALL,
        field="[[var:{}]]",
        batch=50,
        is_field_exact=False,
        refused_headers=frozenset({"list-id"}),
    ),
    # Puts values into stored templates only.
    "mailtrap": Provider(merges=_ALL),
    "mandrill": Provider(merges=frozenset({"data", "metadata"})),
    "postal": Provider(has_metadata=False),
    # Both take batches of mails that differ; anymail has no way to say it.
    "postmark": Provider(merges=frozenset({"headers", "metadata"})),
    "resend": Provider(merges=frozenset({"headers", "metadata"})),
    "scaleway": Provider(),
    "sendgrid": Provider(merges=_ALL, batch=1000),
    # Puts a List-Unsubscribe of its own in the place of ours.
    "sparkpost": Provider(merges=_ALL),
    "unisender go": Provider(
        merges=_ALL, field="{{{{{}}}}}", batch=500, is_field_exact=False
    ),
}

# What one provider or another would take for a field of its own, in mail that
# is sent one by one, too: {{…}} {%…%} {#…#}, [[…]], %recipient…%, *|…|*.
_FIELD_OPENINGS = re.compile(
    r"\{(?=[{%#])|\[(?=\[)|\*(?=\|)|%(?=recipient|unsubscribe|tag_unsub|mailing_list)"
)
WORD_JOINER = "\u2060"


def provider_of(backend: Any) -> Provider:
    """The provider behind an anymail backend, its class or an instance."""
    return PROVIDERS.get(str(backend.esp_name).lower(), Provider())


def provider_headers(headers: Mapping[str, str], provider: Provider) -> dict[str, str]:
    """Those headers of a message that the provider takes."""
    return {
        name: value
        for name, value in headers.items()
        if name.lower() not in provider.refused_headers
    }


def literal(text: str) -> str:
    """A text that no provider finds a field in; it looks the same.

    An invisible word joiner (U+2060) parts what would open a field.
    """
    return _FIELD_OPENINGS.sub(lambda match: match[0] + WORD_JOINER, text)
