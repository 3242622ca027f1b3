"""SMS and voice through Twilio's own SDK (extra ``twilio``)."""

from __future__ import annotations

import abc
import logging
from typing import Any

import requests
from django.core.exceptions import ImproperlyConfigured

from wagtail_bin.channels.base import (
    ChannelUnavailable,
    Outcome,
    OutgoingMessage,
    Receipt,
)
from wagtail_bin.channels.measure import as_sms, languages, measure_voice
from wagtail_bin.channels.options import read_options, require
from wagtail_bin.channels.phone import PhoneChannel
from wagtail_bin.channels.twilio.answers import answer, failure, kind_of, unsent
from wagtail_bin.channels.twilio.options import API_BASE, TwilioOptions
from wagtail_bin.channels.twilio.status import SOURCE
from wagtail_bin.channels.twilio.transport import Transport, with_reference
from wagtail_bin.exceptions import UnsafeMessage
from wagtail_bin.validators import clean_text

logger = logging.getLogger(__name__)

# Language of a message -> Twilio's language and voice.
VOICES = {
    "nl": ("nl-BE", "Polly.Lisa-Neural"),
    "fr": ("fr-BE", "Polly.Isabelle-Neural"),
    "de": ("de-DE", "Polly.Vicki-Neural"),
    "en": ("en-GB", "Polly.Amy-Neural"),
}
# Twilio refuses longer instructions inside a request (error 32018).
LONGEST_TWIML = 4000
# How long Twilio listens to a machine's greeting before it gives up.
DETECTION = 30


class TwilioChannel(PhoneChannel):
    """What SMS and voice share: the connection, and what an answer means."""

    source = SOURCE

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        require("twilio")
        self.settings = read_options(TwilioOptions, options)
        self.client: Any = None

    def open(self) -> None:
        """Connect, so that a Twilio that is down is found before any message."""
        from twilio.rest import Client

        settings = self.settings
        self.transport = Transport(settings.api_base)
        self.client = Client(
            username=settings.api_key or settings.account_sid,
            password=settings.api_secret or settings.auth_token,
            account_sid=settings.account_sid,
            region=settings.region,
            edge=settings.edge,
            http_client=self.transport,
        )
        try:
            # Any answer will do: keys differ in what they may look at.
            self.client.request("GET", API_BASE)
        except requests.RequestException as error:
            self.close()
            raise ChannelUnavailable(kind_of(error)) from error

    def close(self) -> None:
        """Close the connection."""
        if self.client is not None:
            self.transport.close()
            self.client = None

    def deliver(self, message: OutgoingMessage) -> Receipt:
        """Hand over one message or call, and say what is known afterwards."""
        if self.client is None:
            try:
                self.open()
            except ChannelUnavailable as error:
                return unsent(error.code)
        try:
            resource = self.create(message)
        except Exception as error:  # noqa: BLE001 -- any failure must become a receipt
            receipt = failure(error, self.transport.retry_after)
        else:
            receipt = answer(resource)
        if receipt.outcome is not Outcome.ACCEPTED:
            # Twilio's own text quotes the number; its code does not.
            logger.warning(
                "Message %s: %s (%s)",
                message.reference,
                receipt.outcome.value,
                receipt.code,
            )
        return receipt

    @abc.abstractmethod
    def create(self, message: OutgoingMessage) -> Any:
        """Create the message or call at Twilio."""

    def common(self, message: OutgoingMessage) -> dict[str, Any]:
        """The parameters that an SMS and a call share."""
        parameters = {"to": message.to}
        if self.settings.status_callback:
            parameters["status_callback"] = with_reference(
                self.settings.status_callback, message.reference
            )
        return parameters


class SMSChannel(TwilioChannel):
    """A text message to a mobile."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if not (self.settings.from_ or self.settings.messaging_service_sid):
            raise ImproperlyConfigured("Twilio needs FROM or MESSAGING_SERVICE_SID.")

    def create(self, message: OutgoingMessage) -> Any:
        """The languages of a text are sent in one message."""
        sender = {
            "from_": self.settings.from_,
            "messaging_service_sid": self.settings.messaging_service_sid,
        }
        return self.client.messages.create(
            body=as_sms(message.text),
            **{name: value for name, value in sender.items() if value},
            **self.common(message),
        )


class VoiceChannel(TwilioChannel):
    """A voice that says the message, to a person or to an answering machine."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if not self.settings.from_:
            raise ImproperlyConfigured("Twilio needs FROM, a number that may call.")
        self.voices = VOICES | dict(self.settings.voices)

    def guard(self, message: OutgoingMessage) -> None:
        """A language we have a voice for, and no more than 60 seconds."""
        super().guard(message)
        language = message.content.language
        if any(
            code not in self.voices for code, _ in languages(message.text, language)
        ):
            raise UnsafeMessage("language")
        if (
            measure_voice(message.text, language) > self.settings.max_seconds
            or len(self.twiml(message)) > LONGEST_TWIML
        ):
            raise UnsafeMessage("too_long")

    def create(self, message: OutgoingMessage) -> Any:
        """Call a number.

        With ``DetectMessageEnd`` Twilio listens first and carries out the TwiML
        only when it knows who is there: at once for a person, and after the
        greeting and the beep for a machine, which so records the message. It
        costs a person two or three seconds of silence. (Asynchronous detection
        would talk through the greeting.) The TwiML goes inside the request, so
        that a call does not depend on our website being up.
        """
        return self.client.calls.create(
            from_=self.settings.from_,
            twiml=self.twiml(message),
            machine_detection="DetectMessageEnd",
            machine_detection_timeout=DETECTION,
            timeout=self.settings.ring,
            # A call that nobody hangs up must end.
            time_limit=DETECTION + 2 * self.settings.max_seconds + 10,
            **self.common(message),
        )

    def twiml(self, message: OutgoingMessage) -> str:
        """What is said: every language in its voice, and all of it once more.

        Who picks up often misses the first words. It is said once where twice
        would take longer than a message may: a machine gets the same, since what
        is inside the request cannot depend on what Twilio hears.
        """
        from twilio.twiml.voice_response import VoiceResponse

        parts = languages(message.text, message.content.language)
        once = measure_voice(message.text, message.content.language) + len(parts)
        times = 2 if 2 * once <= self.settings.max_seconds else 1
        response = VoiceResponse()
        for code, text in parts * times:
            language, voice = self.voices[code]
            response.say(clean_text(text), voice=voice, language=language)
            response.pause(length=1)
        return str(response)
