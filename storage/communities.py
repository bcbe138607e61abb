"""The two communities that share a language: from which of them something comes.

Nobody need have said so: then it is not known, and that is nothing that is wrong.
"""

from __future__ import annotations

from typing import Literal

Community = Literal["genocide_prevention", "r2p", "both"]
COMMUNITIES: tuple[Community, ...] = ("genocide_prevention", "r2p", "both")


def concerns(wanted: Community, one: Community | None) -> bool:
    """Tell whether something is for who asks for a community: it comes from it, or from both."""
    return one is not None and one in (wanted, "both")
