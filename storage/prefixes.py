"""What begins with some text, as a range that an index serves: both databases order texts by code points."""

from __future__ import annotations

import sqlalchemy as sa


def begins(column: sa.ColumnElement[str], prefix: str) -> sa.ColumnElement[bool]:
    """Return the condition that a text begins so."""
    return sa.and_(column >= prefix, column < prefix + "\U0010ffff")
