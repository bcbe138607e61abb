"""Problems that need a person."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table('problem',
    sa.Column('kind', TEXT, nullable=False),
    sa.Column('subject', TEXT, nullable=False, comment='What it is about: a room, a host; or nothing.'),
    sa.Column('begun_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('say_at', UtcDateTime(timezone=True), nullable=True, comment='From when on moderators are told; null: when it is over.'),
    sa.Column('said_at', UtcDateTime(timezone=True), nullable=True, comment='When they were told; null again when they know that it is over.'),
    sa.Column('ended_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('detail', TEXT, nullable=True),
    sa.PrimaryKeyConstraint('kind', 'subject', name=op.f('pk_problem')),
    comment='What needs a person, so that moderators are told once.'
    )
