"""The calendar of the community."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of events."""
    op.create_table('event',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('uid', TEXT, nullable=False, comment='Of iCalendar: the same wherever it is copied.'),
    sa.Column('kind', TEXT, nullable=False),
    sa.Column('titles', sa.JSON(), nullable=False),
    sa.Column('descriptions', sa.JSON(), nullable=False),
    sa.Column('timing', sa.JSON(), nullable=False, comment='Wall-clock times, zone, rule and exceptions.'),
    sa.Column('place', TEXT, nullable=True),
    sa.Column('link', TEXT, nullable=True),
    sa.Column('organiser', TEXT, nullable=True),
    sa.Column('registration', TEXT, nullable=True),
    sa.Column('access', TEXT, nullable=False),
    sa.Column('countries', sa.JSON(), nullable=False),
    sa.Column('topics', sa.JSON(), nullable=False),
    sa.Column('certainty', TEXT, nullable=False),
    sa.Column('reason', TEXT, nullable=True, comment='Why it was moved or cancelled.'),
    sa.Column('source', TEXT, nullable=True),
    sa.Column('confirmed', sa.Boolean(), nullable=False, comment='The reference was seen.'),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('updated_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event')),
    sa.UniqueConstraint('uid', name=op.f('uq_event_uid')),
    comment='The calendar of the community.',
    sqlite_autoincrement=True
    )
    op.create_table('occurrence',
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('key', TEXT, nullable=False, comment='The start by the rule, on the clocks of the wall.'),
    sa.Column('start', TEXT, nullable=False),
    sa.Column('end', TEXT, nullable=False),
    sa.Column('starts_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('ends_at', UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_occurrence_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'key', name=op.f('pk_occurrence')),
    comment='When events take place, as far ahead as is looked.'
    )
    op.create_index(op.f('ix_occurrence_ends_at'), 'occurrence', ['ends_at'], unique=False)
    op.create_index(op.f('ix_occurrence_starts_at'), 'occurrence', ['starts_at'], unique=False)
