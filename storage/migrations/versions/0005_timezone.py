"""The time zone that a person chose."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give a person a time zone."""
    op.add_column("person", sa.Column("timezone", TEXT, nullable=True))
