"""Dates in words, in English, French and Spanish: what was meant, or what must be asked back.

Nothing is guessed in silence: what can mean two things is asked back, and what was understood is to be shown with
`echo`, whose words lead to the same date again.
"""

from commands.dates.asking import explain, notes
from commands.dates.echo import echo, echo_duration
from commands.dates.understanding import duration, understand
from commands.dates.understood import Caution, Reason, Unclear, Understood

__all__ = [
    "Caution",
    "Reason",
    "Unclear",
    "Understood",
    "duration",
    "echo",
    "echo_duration",
    "explain",
    "notes",
    "understand",
]
