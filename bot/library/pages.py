"""From what is to be shown to HTML: the templates, and the few things that they may call."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from bot.library.asking import Ask, Sheet
from bot.library.documents import CSS, FOREVER, SVG, Document
from commands.rendering import plain
from config.languages import RIGHT_TO_LEFT, SPOKEN, catalogue, name_of

_WEB = re.compile(r"https?://[^\s<>\"'`\\]+")
_BREAKS = re.compile(r"\n\s*\n")
ROWS = 20
"""Of a list on one page."""


@cache
def environment() -> Environment:
    """Return the environment of the templates: what is put in is escaped, and what is missing is an error."""
    made = Environment(
        loader=PackageLoader("bot.library"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"said": plain, "lines": _lines}
    made.tests["address"] = _is_address
    made.globals |= {
        "languages": SPOKEN,
        "language_name": name_of,
        "direction": lambda language: "rtl" if language in RIGHT_TO_LEFT else "ltr",
        "style": style_path(),
    }
    return made


def render(sheet: Sheet, ask: Ask, address: str) -> Document:
    """Make the page. `address` is that of the library, without a slash at its end."""
    template = environment().get_template(sheet.template)
    html = template.render(
        **sheet.facts,
        ask=ask,
        title=sheet.title,
        about=sheet.about,
        status=sheet.status,
        address=address,
        text=_text(ask.language),
        plural=_plural(ask.language),
        link_to=lambda path: f"/{ask.language}/{path}",
        same=lambda language, page=ask.page: f"/{language}/{ask.path}{_query(ask, page)}",
    )
    return Document(html.encode(), status=sheet.status)


def worded(language: str, message: str, /, **values: object) -> str:
    """Return a message of the catalogue with `values` put in, as bare text."""
    return catalogue(language).gettext(message).format(**values)


def style_path() -> str:
    """Return the path of the style sheet, with its hash."""
    return f"/style-{hashlib.sha256(_packaged('style.css')).hexdigest()[:16]}.css"


def style() -> Document:
    """Return the style sheet."""
    return Document(_packaged("style.css"), CSS, caching=FOREVER)


def icon() -> Document:
    """Return the icon."""
    return Document(_packaged("icon.svg"), SVG)


@cache
def _packaged(name: str) -> bytes:
    return resources.files("bot.library").joinpath("templates", name).read_bytes()


def _text(language: str) -> Callable[..., Markup]:
    def text(message: str, /, **values: object) -> Markup:
        return escape(catalogue(language).gettext(message)).format(**values)

    return text


def _plural(language: str) -> Callable[..., Markup]:
    def plural(one: str, many: str, count: int, /, **values: object) -> Markup:
        return escape(catalogue(language).ngettext(one, many, count)).format(count=count, **values)

    return plural


def _query(ask: Ask, page: int) -> str:
    """Return what was asked of a page, for a link to it in another language or to another part of it."""
    asked = {"country": ask.country, "level": ask.level, "q": ask.words, "page": str(page) if page > 1 else ""}
    given = {key: value for key, value in asked.items() if value}
    return f"?{urlencode(given)}" if given else ""


def _lines(text: str) -> list[list[str]]:
    """Return the paragraphs of what somebody wrote, each with its lines."""
    parts = (part.split("\n") for part in _BREAKS.split(plain(text).strip()))
    return [[line.strip() for line in part if line.strip()] for part in parts]


def _is_address(text: Any) -> bool:  # noqa: ANN401 - whatever a template has
    return isinstance(text, str) and _WEB.fullmatch(text) is not None
