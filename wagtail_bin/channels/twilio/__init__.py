"""Twilio: SMS, voice, and what it reports of them afterwards."""

from wagtail_bin.channels.twilio.channels import SMSChannel, VoiceChannel
from wagtail_bin.channels.twilio.status import parse_status, validate_signature

__all__ = ["SMSChannel", "VoiceChannel", "parse_status", "validate_signature"]
