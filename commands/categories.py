"""For whom somebody speaks: the categories of the community, and how they are read from what people type."""

from __future__ import annotations

from collections.abc import Mapping

from commands.context import Context, mark
from storage.folding import fold

CATEGORIES: Mapping[str, str] = {
    "state": mark("State body"),
    "mechanism": mark("National mechanism"),
    "civil_society": mark("Civil society"),
    "academia": mark("Academia"),
    "nhri": mark("National human rights institution"),
    "international": mark("International organisation"),
}
"""Names of the categories, in the order in which they are shown."""

WORDS: Mapping[str, tuple[str, ...]] = {
    "state": ("state", "government", "ministry", "etat", "gouvernement", "ministere", "organe de l etat", "estado",
              "gobierno", "ministerio", "organo del estado"),
    "mechanism": ("mechanism", "mecanisme", "mecanismo"),
    "civil_society": ("civil society organisation", "civil society organization", "cso", "ngo", "ong", "osc",
                      "societe civile", "association", "sociedad civil", "asociacion"),
    "academia": ("academic", "university", "research", "universite", "recherche", "monde universitaire",
                 "universidad", "investigacion", "mundo academico", "academico", "academica"),
    "nhri": ("human rights institution", "human rights commission", "ombudsman", "indh", "mediateur",
             "defensoria", "defensor del pueblo"),
    "international": ("international organization", "io", "un", "onu", "organisation internationale", "oi",
                      "organizacion internacional"),
}  # fmt: skip
"""What people also call them, folded, in all languages."""


def category(ctx: Context, said: str) -> str | None:
    """Return the category that is meant by its name, its number in the list or another word; None if none is."""
    return named(ctx, said, CATEGORIES, WORDS)


def named(ctx: Context, said: str, names: Mapping[str, str], words: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return what of some things is meant, by its name, its number in the list or another word."""
    folded, keys = fold(said), list(names)
    if folded.isdecimal() and len(folded) < 4 and 1 <= int(folded) <= len(keys):
        return keys[int(folded) - 1]
    for key in keys:
        shown = {fold(str(ctx.text(names[key]))), fold(names[key]), fold(key)}
        if folded and folded in shown | set(words.get(key, ())):
            return key
    return None
