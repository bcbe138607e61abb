"""What members submit, and the audit."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table('audit',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('actor', TEXT, nullable=True, comment='A pseudonym; null: the bot itself.'),
    sa.Column('action', TEXT, nullable=False),
    sa.Column('subject', TEXT, nullable=False),
    sa.Column('before', TEXT, nullable=True),
    sa.Column('after', TEXT, nullable=True),
    sa.Column('reason', TEXT, nullable=True),
    sa.Column('hash', TEXT, nullable=False, comment='SHA-256 over this row and the hash before it.'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit')),
    comment='Who did what, when and why. Rows are added and never changed; the hashes show it.',
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_audit_subject_id'), 'audit', ['subject', 'id'], unique=False)
    op.create_table('identity',
    sa.Column('person', TEXT, nullable=False),
    sa.Column('pseudonym', TEXT, nullable=False),
    sa.Column('since', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('person', name=op.f('pk_identity')),
    sa.UniqueConstraint('pseudonym', name=op.f('uq_identity_pseudonym')),
    comment='Who is behind a pseudonym. Apart from all content, so that erasing a row here unlinks it for good.'
    )
    op.create_table('submission',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('kind', TEXT, nullable=False),
    sa.Column('state', TEXT, nullable=False),
    sa.Column('version', sa.Integer(), nullable=False, comment='So that of two changes at once one wins.'),
    sa.Column('author', TEXT, nullable=True, comment='A pseudonym. Null: erased.'),
    sa.Column('language', TEXT, nullable=False),
    sa.Column('fields', sa.JSON(), nullable=False, comment='What was submitted, by the name of the field.'),
    sa.Column('proposed', sa.JSON(), nullable=True, comment='A new version of what is published, until it is decided on.'),
    sa.Column('consent', sa.JSON(), nullable=False, comment='What the author agreed to, and to which text of it.'),
    sa.Column('reviewer', TEXT, nullable=True, comment='The pseudonym of the moderator who has claimed it.'),
    sa.Column('approvals', sa.JSON(), nullable=False, comment='Pseudonyms of moderators who approved this version.'),
    sa.Column('reason', TEXT, nullable=True),
    sa.Column('publish_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('created_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('updated_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_submission')),
    comment='What members submit to the moderators.',
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_submission_author'), 'submission', ['author'], unique=False)
    op.create_index(op.f('ix_submission_state_updated_at'), 'submission', ['state', 'updated_at'], unique=False)
