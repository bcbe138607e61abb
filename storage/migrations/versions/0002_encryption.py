"""Encryption: the bot's device, the keys of rooms, the devices of members, what waits for its key."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of encryption."""
    op.create_table('device',
    sa.Column('user_id', TEXT, nullable=False),
    sa.Column('device_id', TEXT, nullable=False),
    sa.Column('curve25519', TEXT, nullable=False),
    sa.Column('ed25519', TEXT, nullable=False),
    sa.Column('cross_signed', sa.Boolean(), nullable=False),
    sa.Column('gone', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('user_id', 'device_id', name=op.f('pk_device')),
    comment='The devices of those whom the bot meets in encrypted rooms.'
    )
    op.create_index(op.f('ix_device_curve25519'), 'device', ['curve25519'], unique=False)
    op.create_table('device_list',
    sa.Column('user_id', TEXT, nullable=False),
    sa.Column('outdated', sa.Boolean(), nullable=False),
    sa.Column('master_key', TEXT, nullable=True),
    sa.Column('self_signing_key', TEXT, nullable=True),
    sa.Column('verified_key', TEXT, nullable=True, comment='The master key that was verified by emoji.'),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_device_list')),
    comment='Whose devices are followed, and their cross-signing identities.'
    )
    op.create_table('olm_session',
    sa.Column('session_id', TEXT, nullable=False),
    sa.Column('device_key', TEXT, nullable=False, comment='The Curve25519 key of the other device.'),
    sa.Column('pickle', TEXT, nullable=False),
    sa.Column('received_at', UtcDateTime(), nullable=False, comment='When it was made or last decrypted something.'),
    sa.PrimaryKeyConstraint('session_id', name=op.f('pk_olm_session')),
    comment='Olm sessions: the ways on which keys go from device to device.'
    )
    op.create_index(op.f('ix_olm_session_device_key_received_at'), 'olm_session', ['device_key', 'received_at'], unique=False)
    op.create_table('own_device',
    sa.Column('device_id', TEXT, nullable=False),
    sa.Column('pickle', TEXT, nullable=False),
    sa.Column('fallback_at', UtcDateTime(), nullable=True, comment='When the fallback key was made that is in use.'),
    sa.PrimaryKeyConstraint('device_id', name=op.f('pk_own_device')),
    comment="The Olm account of the bot's device. One row. Pickles are encrypted with the key in session.json."
    )
    op.create_table('own_room_key',
    sa.Column('room_id', TEXT, nullable=False),
    sa.Column('session_id', TEXT, nullable=False),
    sa.Column('pickle', TEXT, nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('expires_at', UtcDateTime(), nullable=False),
    sa.Column('messages_left', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('room_id', name=op.f('pk_own_room_key')),
    comment='The Megolm session with which the bot speaks in a room.'
    )
    op.create_table('room_key',
    sa.Column('room_id', TEXT, nullable=False),
    sa.Column('session_id', TEXT, nullable=False),
    sa.Column('sender', TEXT, nullable=False),
    sa.Column('device_key', TEXT, nullable=False),
    sa.Column('signing_key', TEXT, nullable=False),
    sa.Column('pickle', TEXT, nullable=True, comment='Null: the sender said that we do not get it.'),
    sa.Column('withheld', TEXT, nullable=True, comment='The code with which the sender said so.'),
    sa.Column('received_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('room_id', 'session_id', 'sender', name=op.f('pk_room_key')),
    comment='Megolm sessions of others: what their messages are read with.'
    )
    op.create_index(op.f('ix_room_key_received_at'), 'room_key', ['received_at'], unique=False)
    op.create_table('room_key_share',
    sa.Column('session_id', TEXT, nullable=False),
    sa.Column('user_id', TEXT, nullable=False),
    sa.Column('device_id', TEXT, nullable=False),
    sa.Column('withheld', TEXT, nullable=True, comment='Null: the device has the key. Otherwise why it does not.'),
    sa.PrimaryKeyConstraint('session_id', 'user_id', 'device_id', name=op.f('pk_room_key_share')),
    comment='Who was given an own Megolm session.'
    )
    op.create_table('room_key_use',
    sa.Column('session_id', TEXT, nullable=False),
    sa.Column('message_index', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('event_id', TEXT, nullable=False),
    sa.PrimaryKeyConstraint('session_id', 'message_index', name=op.f('pk_room_key_use')),
    comment='Which event each place of a Megolm session belongs to, so that none is played again.'
    )
    op.create_table('unreadable',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('event_id', TEXT, nullable=False),
    sa.Column('room_id', TEXT, nullable=False),
    sa.Column('sender', TEXT, nullable=False),
    sa.Column('session_id', TEXT, nullable=False),
    sa.Column('sent_at', UtcDateTime(), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False, comment='As it came: encrypted.'),
    sa.Column('reason', TEXT, nullable=False),
    sa.Column('since', UtcDateTime(), nullable=False),
    sa.Column('told_at', UtcDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_unreadable')),
    sa.UniqueConstraint('event_id', name=op.f('uq_unreadable_event_id')),
    comment='Encrypted events that wait for their key.'
    )
    op.create_index(op.f('ix_unreadable_sender'), 'unreadable', ['sender'], unique=False)
    op.create_index(op.f('ix_unreadable_session_id'), 'unreadable', ['session_id'], unique=False)
