"""What channels have in common that reach a telephone number."""

from __future__ import annotations

import re

from wagtail_bin.channels.base import Channel, OutgoingMessage
from wagtail_bin.exceptions import UnsafeMessage

E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)


class PhoneChannel(Channel):
    """A channel whose addresses are telephone numbers in E.164 (ITU-T)."""

    def guard(self, message: OutgoingMessage) -> None:
        """One number and something to say, besides what every channel asks.

        Some libraries read ``to`` as a list, or send to the sender when no
        number is left of it.
        """
        if not E164.fullmatch(message.to):
            raise UnsafeMessage("recipient")
        if not message.text.strip():
            raise UnsafeMessage("empty")
        try:
            message.text.encode()
        except UnicodeEncodeError:  # half of a pair of surrogates
            raise UnsafeMessage("text") from None
        super().guard(message)
