"""What stands in a room as descriptions of commands; which messages had to wait for a rate limit."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the columns."""
    op.add_column("room", sa.Column("described", TEXT, nullable=True,
    comment="The fingerprint of the descriptions of commands that stand in it."))
    op.add_column("room", sa.Column("descriptions", sa.JSON(), nullable=True,
    comment="These one by one: a digest for each state key."))
    op.add_column("outbox", sa.Column("limited", sa.Boolean(), nullable=True,
    comment="Whether the homeserver let it wait for its rate limit."))
