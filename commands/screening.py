"""What in a text may harm somebody: addresses, numbers, places to the metre. It is pointed out, never removed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from commands.context import Context, mark
from commands.errors import CommandError
from commands.rendering import Markdown, code, escape, paragraphs
from storage import guidance

CHOSEN = frozenset({"country", "review_by"})
"""Fields that are no text of the author."""
PATTERNS = (
    (mark("an e-mail address"), re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}\b")),
    # Neither a date nor a span of years is one.
    (
        mark("a telephone number"),
        re.compile(
            r"(?<![\w/.-])(?!\d{4}-\d\d-\d\d\b)(?!(?:19|20)\d\d\s?-\s?(?:19|20)\d\d\b)"
            r"\+?\d(?:[\s().-]?\d){7,14}(?![\w/-])"
        ),
    ),
    (mark("coordinates"), re.compile(r"-?\d{1,3}[.,]\d{3,10}\s*°?\s*[NS]?\s*[,;]\s*-?\d{1,3}[.,]\d{3,10}")),
    (mark("a Matrix address"), re.compile(r"@[\w.=/+-]{1,100}:[\w.-]{1,100}|https://matrix\.to/\S+")),
    (
        mark("a person’s name"),
        re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|Mme|M\.|Mlle|Sr|Sra|Dra|Don|Doña|Gen|Col|Capt)\.?\s+[A-ZÀ-Þ][\w’'-]+"),
    ),
)


def hints(ctx: Context, fields: Mapping[str, Any]) -> list[Markdown]:
    """Return what to look at again in what was submitted, each with the passage."""
    found = []
    for text in (value for key, value in fields.items() if isinstance(value, str) and key not in CHOSEN):
        for name, pattern in PATTERNS:
            match = pattern.search(text)
            if match:
                found.append(ctx.row(ctx.text(name), code(match.group()[:80])))
    return list(dict.fromkeys(found))


_VIOLENCE = (
    r"(?:kill(?:ed|ing|s)?|murder\w*|attack(?:ed|ing|s)?|massacr\w*|tortur\w*|rap(?:ed?|ing)|abduct\w*|kidnap\w*|"
    r"shoot(?:ing)?|shot|bomb(?:ed|ing)|burn(?:ed|ing|t)|tu(?:é|és|ée|ées|ent|er)|assassin\w*|attaqu\w+|viol(?:é|ée|és|ées|ent)|"
    r"enlev\w+|enlèv\w+|bombard\w+|brûl\w+|mata(?:n|do|ron|ndo)|asesin\w+|atac\w+|secuestr\w+|viola(?:n|ron|ndo|da|das)|"
    r"bombarde\w+|quema(?:n|ron|ndo))"
)
_NOW = (
    r"(?:right now|at this (?:very )?moment|as i write|this morning|tonight|since yesterday|is happening now|"
    r"en ce moment(?: même)?|à l’instant|à l'instant|ce matin|cette nuit|depuis hier|"
    r"en este momento|ahora mismo|esta mañana|esta noche|desde ayer)"
)
_RANK = (
    r"(?:Mr|Mrs|Ms|General|Colonel|Captain|Commander|Lieutenant|Major|Général|Capitaine|Commandant|Coronel|Capitán|"
    r"Comandante)"
)
REPORTS = (
    re.compile(
        rf"\b{_VIOLENCE}\b[^.!?\n]{{0,120}}\b{_NOW}|\b{_NOW}[^.!?\n]{{0,120}}\b{_VIOLENCE}\b", re.IGNORECASE
    ),
    re.compile(
        r"\b(?:are|is) (?:being )?(?:killing|killed|massacred|massacring|tortured|torturing|raped|raping)\b|"
        r"\b(?:sont|est) en train (?:de|d’|d')\s?(?:tuer|massacrer|violer|torturer|attaquer|être)|"
        r"\b(?:están|está) (?:siendo )?(?:matando|asesinando|torturando|violando|asesinad\w+|torturad\w+|"
        r"atacad\w+)",
        re.IGNORECASE,
    ),
    re.compile(rf"\b(?i:{_VIOLENCE})\s+(?i:by|par|por)\s+(?i:the\s+|le\s+|el\s+)?{_RANK}\.?\s+[A-ZÀ-Þ]"),
    re.compile(
        r"\b[A-ZÀ-Þ][\w’'-]+ [A-ZÀ-Þ][\w’'-]+ (?:is|was) (?:the |a )?(?:perpetrator|murderer|killer)|"
        r"\b[A-ZÀ-Þ][\w’'-]+ [A-ZÀ-Þ][\w’'-]+ (?:est|était) (?:l’|l'|un )?(?:auteur du crime|meurtrier|assassin)|"
        r"\b[A-ZÀ-Þ][\w’'-]+ [A-ZÀ-Þ][\w’'-]+ (?:es|fue) (?:el |un )?(?:autor del crimen|asesino)",
    ),
)
"""What reads like a report of a violation that is going on, or of a named perpetrator. Words are not sure."""
POINTER = "reports"
"""The name of the moderators' text that says where to turn with a report."""


async def refuse_reports(ctx: Context, text: str) -> None:
    """See to it that nothing is kept that reads like a report of a violation: here it could protect nobody.

    Raises:
        CommandError: it reads so. It says where to turn, and what to do if it is none.

    """
    if not any(pattern.search(text) for pattern in REPORTS):
        return
    pointer = await guidance.get(ctx.storage, POINTER, ctx.language)
    raise CommandError(
        paragraphs(
            ctx.text(
                "This reads like a report of a violation that is going on, or of a named person. I keep nothing "
                "of it: this is no place where it could be followed up, or where you would be protected."
            ),
            escape(pointer, lines=True)
            if pointer
            else ctx.text("Where such reports can be made, a moderator of the community can tell you."),
            ctx.text("If it is none, say it in other words: without names, and in the past."),
        )
    )
