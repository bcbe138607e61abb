"""What members can say they are interested in: a closed list, because it is only counted."""

from __future__ import annotations

from collections.abc import Mapping

from commands.context import mark
from commands.names import Words, named

INTERESTS: Mapping[str, str] = {
    "early_warning": mark("Early warning"),
    "education": mark("Education"),
    "mechanisms": mark("National mechanisms"),
    "r2p": mark("Responsibility to protect"),
    "justice": mark("Justice and memory"),
    "speech": mark("Speech and incitement"),
    "rights": mark("Human rights"),
    "dialogue": mark("Dialogue and mediation"),
    "protection": mark("Protection of civilians"),
}
"""Names of the topics, in the order in which they are shown."""

WORDS: Words[str] = {
    "early_warning": ("warning", "alerte", "alerta"),
    "education": ("awareness", "sensibilisation", "sensibilizacion", "educacion"),
    "mechanisms": ("mechanisms", "mecanismes", "mecanismos"),
    "r2p": ("rtop", "r2p"),
    "justice": ("memory", "justicia", "memoire", "memoria"),
    "speech": ("hate speech", "discours de haine", "discurso de odio", "incitement"),
    "rights": ("droits de l homme", "droits humains", "derechos humanos"),
    "dialogue": ("mediation", "mediacion", "dialogo"),
    "protection": ("civilians", "civils", "civiles", "proteccion"),
}


def interest(said: str) -> str | None:
    """Return the topic that is meant by its name, its number in the list or another word; None if none is."""
    return named(said, INTERESTS, WORDS)
