"""From which of the two communities terms, events and records of who to turn to come."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the columns. What is starter content, and as it was, is filled when the bot starts."""
    for table in ("concept", "event", "focal"):
        op.add_column(table, sa.Column("community", TEXT, nullable=True,
        comment="From which community it comes. Null: nobody said."))
