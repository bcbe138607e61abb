"""A database that was put back from a copy, and what of it somebody may have answered before."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table and columns."""
    op.create_table('restored',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('copied_at', UtcDateTime(timezone=True), nullable=False, comment='What came later is not in the copy.'),
    sa.Column('restored_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('caught_up_at', UtcDateTime(timezone=True), nullable=True,
    comment='When all was read that came meanwhile.'),
    sa.Column('finished_at', UtcDateTime(timezone=True), nullable=True,
    comment='When the moderators were told what was left out.'),
    sa.Column('left_out', sa.JSON(), nullable=False, comment='How many, by kind and command. No persons.'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_restored')),
    comment='That this database was put back from a copy. One row, or none.'
    )
    for table in ("inbox", "outbox"):
        op.add_column(table, sa.Column("doubt", TEXT, nullable=True,
        comment="Null: none. Otherwise it may have been said before the copy was put back; see storage.restored."))
    op.add_column("olm_session", sa.Column("receive_only", sa.Boolean(), nullable=True,
    comment="It comes from a copy: what it would send next may have been sent."))
