"""Terms of the week, which terms come back in a person's quiz, and what is not posted in a room."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create two tables and a column."""
    op.add_column("room", sa.Column("lessons_off", sa.JSON(), nullable=True,
    comment="What to learn by is not posted in the room: `week`, `notes`."))
    op.create_table("recall",
    sa.Column("person", TEXT, nullable=False),
    sa.Column("concept_id", TEXT, nullable=False),
    sa.Column("box", sa.Integer(), nullable=False, comment="1 to 4: the higher, the better it is known."),
    sa.Column("again_at", UtcDateTime(timezone=True), nullable=False, comment="From when on it is asked again."),
    sa.PrimaryKeyConstraint("person", "concept_id", name=op.f("pk_recall")),
    comment="Which terms a person was asked in a quiz, and when they come back. No answers, no scores."
    )
    op.create_table("weekly_term",
    sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
    sa.Column("concept_id", TEXT, nullable=False),
    sa.Column("week", TEXT, nullable=True,
    comment="ISO 8601: 2026-W49. Null: moderators chose it, and it is to come."),
    sa.Column("at", UtcDateTime(timezone=True), nullable=False,
    comment="When it was posted; before that, when it was chosen."),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_weekly_term")),
    sa.UniqueConstraint("week", name=op.f("uq_weekly_term_week")),
    sqlite_autoincrement=True,
    comment="Terms of the week: those that are to come, and those that were."
    )
