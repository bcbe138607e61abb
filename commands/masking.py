"""What of a text gives a term away: its words, in whatever form. A question must not hold its own answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from storage.folding import fold
from storage.glossary_search import ARTICLES, STOP_WORDS, stem

MASK = "…"
WORD = re.compile(r"\w+")
LITTLE = STOP_WORDS | frozenset(
    [
        *("against", "not", "its", "than", "all", "does", "without", "under"),
        *("aux", "avec", "contre", "dans", "leur", "leurs", "pas", "sans", "sur", "ses", "ces", "son", "sous"),
        *("con", "contra", "sin", "sobre", "sus", "entre", "como", "ante"),
    ]
)
"""Words that say nothing of what a term means, folded."""
_JOINED = re.compile(r"[\s,’'‐‑-]*")
"""What may stand between words that are masked together."""
_ARTICLES = frozenset(article.strip() for article in ARTICLES)


@dataclass(frozen=True, slots=True)
class Place:
    """A word of a text: how it is folded, and where it stands."""

    word: str
    start: int
    end: int


def places(text: str) -> list[Place]:
    """Return the words of a text."""
    return [Place(fold(found.group()), found.start(), found.end()) for found in WORD.finditer(text)]


def telling(term: str) -> list[str]:
    """Return the words of a term that carry its meaning, folded; all of them if none does."""
    words = fold(term).split()
    return [word for word in words if word not in LITTLE and (len(word) > 2 or word.isdigit())] or words


@lru_cache(maxsize=50_000)
def akin(one: str, other: str) -> bool:
    """Tell whether two folded words are forms of one word: equal, or of different ending.

    Rather too often than too rarely: what is masked in vain does no harm.
    """
    if one == other:
        return True
    for first, second in ((one, other), (other, one)):
        form = stem(first)
        if form.begins and second.startswith(form.text):
            return True
        if second in (f"{first}s", f"{first}es", f"{first}x"):
            return True
    shared = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if shared is None:
        shared = min(len(one), len(other))
    shorter, longer = sorted((len(one), len(other)))
    return shared >= max(4, 0.7 * shorter) and shared >= 0.6 * longer


def names(words: Sequence[str], term: str) -> bool:
    """Tell whether folded words name a term: its telling words in their order, with only little ones between."""
    return next(_named(words, term), None) is not None


def _named(words: Sequence[str], term: str) -> Iterator[tuple[int, int]]:
    """Find where a term is named, as the first word and the one behind the last."""
    wanted = telling(term)
    for begin, word in enumerate(words):
        if not akin(wanted[0], word):
            continue
        at, left = begin + 1, wanted[1:]
        while left and at < len(words) and (akin(left[0], words[at]) or _is_little(words[at])):
            if akin(left[0], words[at]):
                left = left[1:]
            at += 1
        if not left:
            yield begin, at


def masked(text: str, answer: str, others: Iterable[str]) -> str:
    """Return a text without what gives `answer` away: its telling words, and the other names of the same.

    An article before it goes, too: it would tell gender and first letter.
    """
    found = places(text)
    words = [one.word for one in found]
    hidden = {at for at, word in enumerate(words) if any(akin(own, word) for own in telling(answer))}
    for name in (answer, *others):
        for begin, end in _named(words, name):
            hidden.update(range(begin, end))
    pieces: list[str] = []
    last = at = 0
    while at < len(found):
        if at not in hidden:
            at += 1
            continue
        begin = at
        if begin and words[begin - 1] in _ARTICLES and found[begin - 1].start >= last:
            begin -= 1
        at += 1
        while at < len(found) and _JOINED.fullmatch(text[found[at - 1].end : found[at].start]):
            if at not in hidden and not (at + 1 in hidden and _is_little(words[at])):
                break
            at += 1
        pieces += [text[last : found[begin].start], MASK]
        last = found[at - 1].end
    return "".join([*pieces, text[last:]])


def _is_little(word: str) -> bool:
    return word in LITTLE or len(word) < 3
