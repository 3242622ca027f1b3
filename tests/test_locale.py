"""The catalogues are complete, compiled, and keep every placeholder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

LOCALE = Path(__file__).resolve().parents[1] / "wagtail_bin" / "locale"
LANGUAGES = ["nl", "fr", "de", "en"]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}|<[^>]+>")


def texts(entry: polib.POEntry) -> list[tuple[str, str]]:
    """Original and translation, for the plural too."""
    if not entry.msgid_plural:
        return [(entry.msgid, entry.msgstr)]
    return [
        (entry.msgid, entry.msgstr_plural[0]),
        (entry.msgid_plural, entry.msgstr_plural[1]),
    ]


@pytest.fixture(params=LANGUAGES)
def folder(request: pytest.FixtureRequest) -> Path:
    return LOCALE / request.param / "LC_MESSAGES"


def test_everything_is_translated_and_nothing_is_fuzzy(folder: Path) -> None:
    catalogue = polib.pofile(str(folder / "django.po"))
    assert len(catalogue) > 400
    assert catalogue.fuzzy_entries() == []
    assert catalogue.untranslated_entries() == []
    assert catalogue.obsolete_entries() == []


def test_placeholders_and_tags_are_kept(folder: Path) -> None:
    for entry in polib.pofile(str(folder / "django.po")):
        for original, translated in texts(entry):
            assert sorted(PLACEHOLDER.findall(original)) == sorted(
                PLACEHOLDER.findall(translated)
            ), original


def test_the_compiled_catalogue_is_up_to_date(folder: Path) -> None:
    written = {e.msgid: texts(e) for e in polib.pofile(str(folder / "django.po"))}
    compiled = {e.msgid: texts(e) for e in polib.mofile(str(folder / "django.mo"))}
    assert written == compiled


def test_all_languages_hold_the_same_texts() -> None:
    catalogues = [
        {e.msgid for e in polib.pofile(str(LOCALE / code / "LC_MESSAGES/django.po"))}
        for code in LANGUAGES
    ]
    assert all(catalogue == catalogues[0] for catalogue in catalogues)


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="needs GNU gettext")
def test_the_catalogues_hold_every_text_of_the_source(tmp_path: Path) -> None:
    copy = tmp_path / "wagtail_bin"
    shutil.copytree(LOCALE.parent, copy, ignore=shutil.ignore_patterns("locale"))
    (copy / "locale").mkdir()
    # The project's settings cannot be imported from where the copy stands.
    environment = {k: v for k, v in os.environ.items() if k[:6] != "DJANGO"}
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "-l", "nl", "--no-wrap"],
        cwd=copy,
        env=environment,
        check=True,
        capture_output=True,
    )
    source = polib.pofile(str(copy / "locale/nl/LC_MESSAGES/django.po"))
    kept = polib.pofile(str(LOCALE / "nl/LC_MESSAGES/django.po"))
    # Both ways: what is missing is not translated, what is too much is dead.
    assert {e.msgid for e in source} == {e.msgid for e in kept}
