"""Welcomes, and who takes part: what people told of themselves, and the numbers that are made of it."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables and columns."""
    op.add_column("room", sa.Column("welcome", sa.Boolean(), nullable=True,
    comment="Whether who comes is welcomed. Null: as the settings say."))
    op.add_column("room", sa.Column("members_known_at", UtcDateTime(timezone=True), nullable=True,
    comment="Of a community room: since when it is known who is in it."))
    op.add_column("direct_room", sa.Column("language", TEXT, nullable=True,
    comment="That of the room for which the person was welcomed."))
    op.create_table('welcoming',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('key', sa.LargeBinary(), nullable=False, comment='With which ids of people become marks.'),
    sa.Column('next_at', UtcDateTime(timezone=True), nullable=False,
    comment='When the next welcome may be said at the earliest.'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_welcoming')),
    comment='One row, made when the first member is met.'
    )
    op.create_table('met',
    sa.Column('mark', TEXT, nullable=False, comment='A keyed hash (HMAC-SHA-256) of a Matrix id, never the id.'),
    sa.PrimaryKeyConstraint('mark', name=op.f('pk_met')),
    comment='Who was in a community room once, so that nobody is welcomed twice.'
    )
    op.create_table('constituent',
    sa.Column('person', TEXT, nullable=False),
    sa.Column('category', TEXT, nullable=True),
    sa.Column('country', TEXT, nullable=True, comment='ISO 3166-1 alpha-2.'),
    sa.Column('topics', sa.JSON(), nullable=False),
    sa.Column('agreed_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('agreed_to', TEXT, nullable=False, comment='Which text of the purpose.'),
    sa.Column('updated_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('person', name=op.f('pk_constituent')),
    comment='What people told of themselves to be counted. Without their consent there is no row.'
    )
    op.create_table('counted',
    sa.Column('person', TEXT, nullable=False),
    sa.Column('cell', TEXT, nullable=False,
    comment='category/academia, region/002, topic/education, and so on.'),
    sa.PrimaryKeyConstraint('person', 'cell', name=op.f('pk_counted')),
    comment='Who is in a number that is shown, so that it changes only when enough people have come or gone.'
    )
    op.create_index(op.f('ix_counted_cell'), 'counted', ['cell'], unique=False)
    op.create_table('constituency',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('counted_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('smallest', sa.Integer(), nullable=False, comment='Smaller groups are not shown.'),
    sa.Column('shown', sa.JSON(), nullable=False, comment='Rounded numbers by cell. No persons.'),
    sa.Column('gone', sa.JSON(), nullable=False,
    comment='How many of those in a number were erased since, by cell.'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_constituency')),
    comment='The numbers of the community as they were counted last. One row.'
    )
