"""Direct chats, and who goes to what."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and what rooms and events may choose."""
    op.create_table('direct_room',
    sa.Column('person', TEXT, nullable=False),
    sa.Column('room_id', TEXT, nullable=True, comment='Null: it is being made.'),
    sa.Column('updated_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('person', name=op.f('pk_direct_room')),
    comment='Where the bot talks with a person alone.'
    )
    op.create_table('following',
    sa.Column('person', TEXT, nullable=False),
    sa.Column('what', TEXT, nullable=False, comment='all, kind:training, country:KE'),
    sa.Column('since', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('person', 'what', name=op.f('pk_following')),
    comment='Of which events a person gets notices.'
    )
    op.create_index(op.f('ix_following_what'), 'following', ['what'], unique=False)
    op.create_table('attendance',
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('person', TEXT, nullable=False),
    sa.Column('answer', TEXT, nullable=False),
    sa.Column('answered_at', UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_attendance_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'person', name=op.f('pk_attendance')),
    comment='Who goes to an event, or may go.'
    )
    op.create_index(op.f('ix_attendance_person'), 'attendance', ['person'], unique=False)
    op.create_table('reminder',
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('person', TEXT, nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False, comment='Before the start.'),
    sa.Column('zone', TEXT, nullable=False, comment='In which a day of the event begins, if it has no hour.'),
    sa.Column('wished_at', UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_reminder_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'person', 'minutes', name=op.f('pk_reminder')),
    comment='Who wishes to be reminded of an event, and how long before.'
    )
    op.create_index(op.f('ix_reminder_person'), 'reminder', ['person'], unique=False)
    op.add_column("room", sa.Column("timezone", TEXT, nullable=True,
    comment="In which times are told in the room."))
    op.add_column("room", sa.Column("quiet", sa.JSON(), nullable=True,
    comment="Kinds of events that are not announced in the room."))
    op.add_column("event", sa.Column("reminders", sa.JSON(), nullable=True,
    comment="Minutes before the start; null: those of its kind."))
    op.add_column("event", sa.Column("rooms", sa.JSON(), nullable=True,
    comment="Where it is announced; null: in all rooms for announcements."))
