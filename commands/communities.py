"""The two communities in what people type, and in words: genocide prevention, R2P, both."""

from __future__ import annotations

from collections.abc import Mapping

from commands.context import Context, mark
from commands.rendering import Markdown
from storage.communities import Community
from storage.folding import fold

NAMES: Mapping[Community, str] = {
    "genocide_prevention": mark("genocide prevention"),
    "r2p": mark("R2P"),
    "both": mark("genocide prevention and R2P"),
}
TYPED: Mapping[Community, str] = {**NAMES, "both": mark("both")}
"""What is typed for each."""

WORDS: Mapping[str, Community] = {
    "genocide prevention": "genocide_prevention", "prevention of genocide": "genocide_prevention",
    "genocide_prevention": "genocide_prevention",
    "prevention du genocide": "genocide_prevention", "prevention des genocides": "genocide_prevention",
    "prevencion del genocidio": "genocide_prevention", "prevencion de genocidios": "genocide_prevention",
    "r2p": "r2p", "rtop": "r2p", "rdp": "r2p",
    "both": "both", "both communities": "both", "genocide prevention and r2p": "both",
    "les deux": "both", "les deux communautes": "both", "deux communautes": "both",
    "ambas": "both", "ambas comunidades": "both", "las dos comunidades": "both",
}  # fmt: skip
"""What the communities are called, folded."""
_LONGEST = max(len(words.split()) for words in WORDS)


def named(typed: str) -> Community | None:
    """Return the community that is meant; None if these are other words."""
    return WORDS.get(fold(typed).strip())


def taken_from(typed: str, *, inside: bool = False) -> tuple[Community | None, str]:
    """Take a community from the beginning or the end of what was typed, or from inside. Return the rest, too."""
    words = typed.split()
    for length in range(min(len(words), _LONGEST), 0, -1):
        last = len(words) - length
        for start in range(last + 1) if inside else dict.fromkeys((0, last)):
            found = named(" ".join(words[start : start + length]))
            if found:
                return found, " ".join(words[:start] + words[start + length :])
    return None, typed


def name(ctx: Context, community: Community | None) -> str:
    """Return what a community is called, as bare text; nothing where nobody said."""
    return ctx.plain(NAMES[community]) if community else ""


def line(ctx: Context, community: Community | None) -> Markdown | None:
    """Say from which community something comes; nothing where nobody said."""
    return ctx.text("Community: {name}.", name=ctx.text(NAMES[community])) if community else None
