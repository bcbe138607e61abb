"""For whom somebody speaks: the categories of the community, and how they are read from what people type."""

from __future__ import annotations

from collections.abc import Mapping

from commands.context import mark
from commands.names import Words, named
from storage.categories import Category

CATEGORIES: Mapping[Category, str] = {
    "state": mark("State body"),
    "mechanism": mark("National mechanism"),
    "civil_society": mark("Civil society"),
    "academia": mark("Academia"),
    "nhri": mark("National human rights institution"),
    "international": mark("International organisation"),
}
"""Names of the categories, in the order in which they are shown."""

WORDS: Words[Category] = {
    "state": ("state", "government", "ministry", "etat", "gouvernement", "ministere", "organe de l etat", "estado",
              "gobierno", "ministerio", "organo del estado"),
    "mechanism": ("mechanism", "mecanisme", "mecanismo"),
    "civil_society": ("civil society organisation", "civil society organization", "cso", "ngo", "ong", "osc",
                      "organisation de la societe civile", "association", "organizacion de la sociedad civil",
                      "asociacion"),
    "academia": ("academic", "academic institution", "university", "research", "academie", "universite",
                 "recherche", "etablissement universitaire", "universidad", "investigacion", "academico",
                 "academica", "institucion academica"),
    "nhri": ("human rights institution", "human rights commission", "ombudsman", "indh",
             "institution nationale des droits humains", "mediateur", "defensoria", "defensor del pueblo"),
    "international": ("international organization", "io", "united nations", "onu", "nations unies", "oi",
                      "naciones unidas"),
}  # fmt: skip


def category(said: str) -> Category | None:
    """Return the category that is meant by its name, its number in the list or another word; None if none is."""
    return named(said, CATEGORIES, WORDS)
