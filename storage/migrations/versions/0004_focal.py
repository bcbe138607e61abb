"""Focal points, the history of changes, imports and suggestions."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Focal points, the history of changes, imports and suggestions."""
    op.create_table('focal',
    sa.Column('kind', TEXT, nullable=False),
    sa.Column('holder', TEXT, nullable=False, comment='ISO 3166-1 alpha-2, or the code of an organisation.'),
    sa.Column('number', sa.Integer(), nullable=False, comment='A country may have several mechanisms.'),
    sa.Column('titles', sa.JSON(), nullable=False, comment='The office, by language. Never a person.'),
    sa.Column('notes', sa.JSON(), nullable=False),
    sa.Column('status', TEXT, nullable=False),
    sa.Column('appointed_year', sa.Integer(), nullable=True),
    sa.Column('appointed_by', sa.Integer(), nullable=True, comment='The year by which it was appointed at the latest.'),
    sa.Column('as_of', TEXT, nullable=False, comment='ISO 8601: a year, a month or a day.'),
    sa.Column('evidence', TEXT, nullable=False),
    sa.Column('source', TEXT, nullable=False),
    sa.Column('source_url', TEXT, nullable=True),
    sa.Column('contact', TEXT, nullable=True),
    sa.Column('contact_url', TEXT, nullable=True, comment='The official page that publishes the contact.'),
    sa.Column('confirmed_by', TEXT, nullable=True),
    sa.Column('confirmed_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False, comment='Counts the changes of this record.'),
    sa.Column('updated_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'holder', 'number', name=op.f('pk_focal')),
    comment='Who to turn to: focal points, national mechanisms, members of the Group of Friends.'
    )
    op.create_index(op.f('ix_focal_holder'), 'focal', ['holder'], unique=False)
    op.create_table('proposal',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('kind', TEXT, nullable=False),
    sa.Column('room_id', TEXT, nullable=False),
    sa.Column('person', TEXT, nullable=False),
    sa.Column('state', TEXT, nullable=False),
    sa.Column('plan', sa.JSON(), nullable=True, comment='What would change. Emptied when it is decided.'),
    sa.Column('created_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('expires_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('decided_at', UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_proposal')),
    comment='Imports that were shown, and what became of them.',
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_proposal_room_id_id'), 'proposal', ['room_id', 'id'], unique=False)
    op.create_table('suggestion',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('subject', TEXT, nullable=False),
    sa.Column('person', TEXT, nullable=False),
    sa.Column('text', TEXT, nullable=False),
    sa.Column('made_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_suggestion')),
    comment='Corrections that members suggested.',
    sqlite_autoincrement=True
    )
    op.create_table('change',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('person', TEXT, nullable=True, comment='Null: the bot itself, as with starter content.'),
    sa.Column('action', TEXT, nullable=False),
    sa.Column('subject', TEXT, nullable=False),
    sa.Column('before', sa.JSON(), nullable=True),
    sa.Column('after', sa.JSON(), nullable=True),
    sa.Column('proposal_id', sa.Integer(), nullable=True, comment='The import that made it.'),
    sa.ForeignKeyConstraint(['proposal_id'], ['proposal.id'], name=op.f('fk_change_proposal_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_change')),
    comment='Who changed what of the content, when, and how it was before.',
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_change_proposal_id'), 'change', ['proposal_id'], unique=False)
    op.create_index(op.f('ix_change_subject_id'), 'change', ['subject', 'id'], unique=False)
