"""Options of a channel are read strictly, and a package that lacks is named."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from wagtail_bin.channels.options import read_options, require


@dataclasses.dataclass(frozen=True)
class Options:
    account_sid: str
    from_: str = ""


def test_options_are_fields_in_capitals() -> None:
    read = read_options(Options, {"ACCOUNT_SID": "AC1", "FROM": "+32"})
    assert read == Options("AC1", "+32")


@pytest.mark.parametrize(
    ("options", "hint"),
    [({}, "account_sid"), ({"ACCOUNT_SID": "a", "FORM": "s3cret"}, "form")],
)
def test_s36_a_mistake_is_named_without_the_value(
    options: dict[str, str], hint: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=hint) as caught:
        read_options(Options, options)
    assert "s3cret" not in str(caught.value)


def test_a_package_that_lacks_is_named_with_its_extra() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"wagtail-bin\[no_such\]"):
        require("no_such")


WITHOUT = """
import importlib.util
find = importlib.util.find_spec
lacking = {"apprise", "twilio"}
importlib.util.find_spec = lambda n, *a: None if n in lacking else find(n, *a)
import sys
from wagtail_bin.channels.apprise import AppriseChannel
from wagtail_bin.channels.twilio import SMSChannel, parse_status
parse_status({})
assert not lacking & set(sys.modules)
"""


@pytest.mark.parametrize(
    ("package", "make"),
    [
        ("twilio", 'SMSChannel(ACCOUNT_SID="a", AUTH_TOKEN="b", FROM="c")'),
        ("apprise", 'AppriseChannel(URL="json://x/{to}")'),
    ],
)
def test_packages_are_needed_only_by_who_uses_them(package: str, make: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + make],
        capture_output=True,
        text=True,
        check=False,
        env={"DJANGO_SETTINGS_MODULE": "example_site.settings.test", "PYTHONPATH": "."},
    )
    assert f"pip install wagtail-bin[{package}]" in done.stderr.splitlines()[-1]
