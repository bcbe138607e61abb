"""What in a text may harm somebody: addresses, numbers, places to the metre. It is pointed out, never removed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from commands.context import Context, mark
from commands.rendering import Markdown, code

PATTERNS = (
    (mark("an e-mail address"), re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}\b")),
    (mark("a telephone number"), re.compile(r"(?<![\w/.-])\+?\d(?:[\s().-]?\d){7,14}(?![\w/-])")),
    (mark("coordinates"), re.compile(r"-?\d{1,3}[.,]\d{3,10}\s*°?\s*[NS]?\s*[,;]\s*-?\d{1,3}[.,]\d{3,10}")),
    (mark("a Matrix address"), re.compile(r"@[\w.=/+-]{1,100}:[\w.-]{1,100}|https://matrix\.to/\S+")),
    (
        mark("a person’s name"),
        re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|Mme|M\.|Mlle|Sr|Sra|Dra|Don|Doña|Gen|Col|Capt)\.?\s+[A-ZÀ-Þ][\w’'-]+"),
    ),
)


def hints(ctx: Context, texts: Iterable[str]) -> list[Markdown]:
    """Return what to look at again in some texts, each with the passage."""
    found = []
    for text in texts:
        for name, pattern in PATTERNS:
            match = pattern.search(text)
            if match:
                found.append(Markdown("{}: {}").format(ctx.text(name), code(match.group()[:80])))
    return list(dict.fromkeys(found))
