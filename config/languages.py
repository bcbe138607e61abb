"""The languages that the bot speaks, and their catalogues.

The `.po` files are read as they are: a compiled copy would be one more thing that can be out of date.
"""

from __future__ import annotations

import gettext
import io
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime
from babel.messages import mofile, pofile

SPOKEN = ("en", "fr", "es")
"""Catalogues that are complete. A language is added by adding its catalogue here and in `translations`."""

RIGHT_TO_LEFT = ("ar", "fa", "he", "ur", "ps", "ckb", "dv", "sd", "ug", "yi")

TRANSLATIONS = Path(__file__).parent / "translations"


@lru_cache
def catalogue(language: str) -> gettext.GNUTranslations:
    """Return the messages in a language that is spoken."""
    compiled = io.BytesIO()
    with (TRANSLATIONS / f"{language}.po").open("rb") as file:
        mofile.write_mo(compiled, pofile.read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def load() -> None:
    """Load what is needed to speak each language: some tens of milliseconds each. To be done in a thread."""
    for language in SPOKEN:
        catalogue(language)
        format_datetime(datetime(2026, 12, 9, tzinfo=UTC), "full", locale=language)


@lru_cache(maxsize=512)
def name_of(code: str, language: str) -> str:
    """Return the name of the language `code` as a speaker of `language` calls it; the code when unknown."""
    try:
        return str(Locale.parse(language).languages.get(code, code))
    except (UnknownLocaleError, ValueError):
        return code


@lru_cache
def codes_by_name() -> dict[str, str]:
    """Return the codes of all languages by their names in the spoken languages and in their own, lower case."""
    found: dict[str, str] = {}
    for language in SPOKEN:
        for code, name in Locale.parse(language).languages.items():
            if len(code) <= 3:
                found.setdefault(name.casefold(), code)
                found.setdefault(code, code)
    for code in ("en", "fr", "es", "ar", "ru", "zh", "pt", "sw", "km"):
        found.setdefault(name_of(code, code).casefold(), code)
    return found
