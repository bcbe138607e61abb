"""Files on their way to the homeserver."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of files."""
    op.create_table('media',
    sa.Column('id', TEXT, nullable=False, comment='SHA-256 of the data, hexadecimal.'),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.Column('added_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_media')),
    comment='Files on their way to the homeserver.'
    )
