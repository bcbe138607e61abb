"""The spine: sync position, rooms, inbox, outbox, people, glossary."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and the full-text index of the glossary."""
    op.create_table('concept',
    sa.Column('id', TEXT, nullable=False),
    sa.Column('topic', TEXT, nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_concept')),
    comment='A concept of the glossary.'
    )
    op.create_index(op.f('ix_concept_topic_position'), 'concept', ['topic', 'position'], unique=False)
    op.create_table('inbox',
    sa.Column('seq', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('event_id', TEXT, nullable=False),
    sa.Column('room_id', TEXT, nullable=False),
    sa.Column('sender', TEXT, nullable=False),
    sa.Column('kind', TEXT, nullable=False),
    sa.Column('target', TEXT, nullable=True, comment='The event that an edit, redaction or reaction is about.'),
    sa.Column('sent_at', UtcDateTime(), nullable=False),
    sa.Column('payload', sa.JSON(), nullable=True, comment='What was written. Emptied as soon as it is handled.'),
    sa.Column('state', TEXT, nullable=False),
    sa.Column('command', TEXT, nullable=True),
    sa.Column('handled_at', UtcDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_inbox')),
    sa.UniqueConstraint('event_id', name=op.f('uq_inbox_event_id')),
    comment='Events that concern the bot, in the order in which they came.',
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_inbox_state_room_id_seq'), 'inbox', ['state', 'room_id', 'seq'], unique=False)
    op.create_index(op.f('ix_inbox_target'), 'inbox', ['target'], unique=False)
    op.create_table('outbox',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('txn_id', TEXT, nullable=False),
    sa.Column('room_id', TEXT, nullable=False),
    sa.Column('kind', TEXT, nullable=False),
    sa.Column('priority', sa.Integer(), nullable=False),
    sa.Column('cause', TEXT, nullable=True, comment='The event that is answered.'),
    sa.Column('part', sa.Integer(), nullable=False),
    sa.Column('about', sa.Integer(), nullable=True, comment='The outbox row that this one edits or redacts.'),
    sa.Column('content', sa.JSON(), nullable=True, comment='Emptied when it was sent.'),
    sa.Column('state', TEXT, nullable=False),
    sa.Column('event_id', TEXT, nullable=True),
    sa.Column('error', TEXT, nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('sent_at', UtcDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox')),
    sa.UniqueConstraint('txn_id', name=op.f('uq_outbox_txn_id')),
    comment='What the bot says, from the moment it is decided until the homeserver has it, and after.',
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_outbox_about'), 'outbox', ['about'], unique=False)
    op.create_index(op.f('ix_outbox_cause_part'), 'outbox', ['cause', 'part'], unique=False)
    op.create_index(op.f('ix_outbox_state_room_id_priority_id'), 'outbox', ['state', 'room_id', 'priority', 'id'], unique=False)
    op.create_table('person',
    sa.Column('user_id', TEXT, nullable=False),
    sa.Column('language', TEXT, nullable=True),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_person')),
    comment='What a person chose.'
    )
    op.create_table('revision',
    sa.Column('name', TEXT, nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_revision')),
    comment='Counts the changes of a part of the content, so that what is computed from it is computed anew.'
    )
    op.create_table('room',
    sa.Column('room_id', TEXT, nullable=False),
    sa.Column('membership', TEXT, nullable=False),
    sa.Column('direct', sa.Boolean(), nullable=False),
    sa.Column('members', sa.Integer(), nullable=False),
    sa.Column('name', TEXT, nullable=True),
    sa.Column('encrypted', sa.Boolean(), nullable=False),
    sa.Column('language', TEXT, nullable=True),
    sa.Column('successor', TEXT, nullable=True),
    sa.Column('since', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('room_id', name=op.f('pk_room')),
    comment='Rooms that the bot is or was in.'
    )
    op.create_table('sync_position',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('next_batch', TEXT, nullable=False),
    sa.Column('synced_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sync_position')),
    comment='Where the next /sync goes on. One row.'
    )
    op.create_table('definition',
    sa.Column('concept_id', TEXT, nullable=False),
    sa.Column('language', TEXT, nullable=False),
    sa.Column('text', TEXT, nullable=False),
    sa.Column('usage_note', TEXT, nullable=True),
    sa.ForeignKeyConstraint(['concept_id'], ['concept.id'], name=op.f('fk_definition_concept_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('concept_id', 'language', name=op.f('pk_definition')),
    comment='What a concept means, in one language, in our own words.'
    )
    op.create_table('relation',
    sa.Column('concept_id', TEXT, nullable=False),
    sa.Column('other_id', TEXT, nullable=False),
    sa.Column('kind', TEXT, nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['concept_id'], ['concept.id'], name=op.f('fk_relation_concept_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['other_id'], ['concept.id'], name=op.f('fk_relation_other_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('concept_id', 'other_id', 'kind', name=op.f('pk_relation')),
    comment='Concepts that belong together, or that are often confused.'
    )
    op.create_index(op.f('ix_relation_other_id'), 'relation', ['other_id'], unique=False)
    op.create_table('source',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('concept_id', TEXT, nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('document', TEXT, nullable=False),
    sa.Column('symbol', TEXT, nullable=True),
    sa.Column('locator', TEXT, nullable=True),
    sa.Column('url', TEXT, nullable=True),
    sa.Column('as_of', sa.Date(), nullable=True),
    sa.Column('confirmed', sa.Boolean(), nullable=False),
    sa.Column('checked_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['concept_id'], ['concept.id'], name=op.f('fk_source_concept_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_source')),
    comment='Where a concept comes from.'
    )
    op.create_index(op.f('ix_source_concept_id'), 'source', ['concept_id'], unique=False)
    op.create_table('term',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('concept_id', TEXT, nullable=False),
    sa.Column('language', TEXT, nullable=False),
    sa.Column('text', TEXT, nullable=False),
    sa.Column('folded', TEXT, nullable=False),
    sa.Column('kind', TEXT, nullable=False),
    sa.Column('checked', sa.Boolean(), nullable=False),
    sa.Column('usage', TEXT, nullable=True),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['concept_id'], ['concept.id'], name=op.f('fk_term_concept_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_term')),
    sa.UniqueConstraint('concept_id', 'language', 'kind', 'text', name=op.f('uq_term_concept_id_language_kind_text')),
    comment='A word or phrase for a concept, in one language.'
    )
    op.create_index(op.f('ix_term_concept_id'), 'term', ['concept_id'], unique=False)
    op.create_index(op.f('ix_term_folded'), 'term', ['folded'], unique=False, postgresql_using='hash')
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE glossary_text USING fts5("
            "concept_id UNINDEXED, language UNINDEXED, names, meaning, "
            "tokenize = 'unicode61 remove_diacritics 0', prefix = '3 4 5')"
        )
    else:
        op.execute(
            "CREATE TABLE glossary_text (id INTEGER PRIMARY KEY, concept_id TEXT NOT NULL, language TEXT NOT NULL, "
            "names TEXT NOT NULL, meaning TEXT NOT NULL, words TSVECTOR NOT NULL)"
        )
        op.execute("CREATE INDEX ix_glossary_text_words ON glossary_text USING gin (words)")
