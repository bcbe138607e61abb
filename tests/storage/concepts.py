"""Concepts of all kinds that the model accepts, for the tests of the exchange formats."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from storage.communities import COMMUNITIES
from storage.folding import fold
from storage.glossary import Concept, Definition, Source, Term, TermKind

LANGUAGES = ("en", "fr", "ar", "pt-BR", "zh-Hant", "km")
DANGEROUS = (
    "=",
    "+",
    "-1",
    "@",
    "\t=",
    "\r",
    "'=",
    "''@",
    "＝",
    '"',
    "  ",
    "\n",
    "<b>",
    "&amp;",
    "]]>",
    "3-4",
)

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""No example fails because the machine is busy."""

ids = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
# The model refuses lone surrogates; null characters are left out when a file is read.
letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def texts(most: int = 40) -> SearchStrategy[str]:
    """Return any text, and often one that spreadsheets or XML would take amiss."""
    plain = st.text(letters, min_size=1, max_size=most)
    return plain | st.builds(str.__add__, st.sampled_from(DANGEROUS), plain)


def optional(strategy: SearchStrategy[str]) -> SearchStrategy[str | None]:
    return st.none() | strategy


words = texts().filter(fold)
urls = texts().map(lambda text: "https://" + "".join(text.split()) + "x")
sources = st.builds(
    Source,
    document=texts(),
    symbol=optional(texts()),
    locator=optional(texts()),
    url=st.none() | urls.filter(lambda url: len(url) < 100),
    as_of=st.none() | st.dates(date(1, 1, 1)),
    confirmed=st.booleans(),
    checked_on=st.none() | st.dates(),
)


@st.composite
def terms_in(draw: DrawFn, language: str) -> list[Term]:
    """Return terms of which one is preferred and none is there twice."""
    kinds: list[TermKind] = ["admitted", "abbreviation", "hidden"]
    found = [Term(language=language, text=draw(words), checked=draw(st.booleans()), usage=draw(optional(texts())))]
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=4)):
        term = Term(language=language, text=draw(words), kind=kind, checked=draw(st.booleans()))
        if all((term.kind, term.text) != (one.kind, one.text) for one in found):
            found.append(term)
    return found


@st.composite
def glossaries(draw: DrawFn, clean: Callable[[str], str] = str) -> list[Concept]:
    """Return a consistent glossary. `clean` is done to every term, so that it stays one of its kind."""
    names = draw(st.lists(ids, min_size=1, max_size=3, unique=True))
    found = []
    for name in names:
        others = [other for other in names if other != name]
        spoken = draw(st.lists(st.sampled_from(LANGUAGES), min_size=1, max_size=3, unique=True))
        terms = [term for language in spoken for term in draw(terms_in(language))]
        unique = {(term.language, term.kind, clean(term.text)): term for term in terms}
        defined = draw(st.lists(st.sampled_from(LANGUAGES), max_size=3, unique=True))
        found.append(
            Concept(
                id=name,
                topic=draw(ids),
                terms=draw(st.permutations(list(unique.values()))),
                definitions=[
                    Definition(language=language, text=draw(texts()), usage_note=draw(optional(texts())))
                    for language in defined
                ],
                sources=draw(st.lists(sources, max_size=3)),
                related=draw(st.permutations(others)),
                confused_with=others[:1],
                counterparts=others[1:],
                community=draw(st.sampled_from([None, *COMMUNITIES])),
            )
        )
    return found


def damaged(good: bytes) -> SearchStrategy[bytes]:
    """Return `good` with a piece of it replaced by anything."""

    def damage(start: int, length: int, piece: bytes) -> bytes:
        return good[:start] + piece + good[start + length :]

    return st.builds(damage, st.integers(0, len(good)), st.integers(0, 40), st.binary(max_size=20))
