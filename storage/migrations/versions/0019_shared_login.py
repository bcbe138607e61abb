"""The session that several instances share."""

import sqlalchemy as sa
from alembic import op

from storage.schema import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of the shared session."""
    op.create_table('shared_login',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False, comment='Salt, nonce, and the session encrypted.'),
    sa.Column('updated_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shared_login')),
    comment="The session that several instances share. One row, encrypted with a secret of the settings."
    )
