"""Reviews and guidance by moderators; what an edit corrects; rooms under the Chatham House Rule."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables and columns."""
    op.add_column("talk", sa.Column("messages", sa.JSON(), nullable=True,
    comment="Which message answered which question, so that an edit corrects it."))
    op.add_column("room", sa.Column("chatham", sa.Boolean(), nullable=True,
    comment="Whether the Chatham House Rule holds in the room."))
    op.create_table('guidance',
    sa.Column('name', TEXT, nullable=False),
    sa.Column('language', TEXT, nullable=False),
    sa.Column('text', TEXT, nullable=False),
    sa.Column('updated_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', 'language', name=op.f('pk_guidance')),
    comment='Texts that moderators write for members, such as where violations are reported.'
    )
    op.create_table('review',
    sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('submission_id', sa.Integer(), nullable=False),
    sa.Column('by', TEXT, nullable=False, comment='The pseudonym of a moderator, or of the author.'),
    sa.Column('item', TEXT, nullable=True, comment='Of the checklist; null: a note.'),
    sa.Column('answer', TEXT, nullable=True),
    sa.Column('note', TEXT, nullable=True),
    sa.Column('at', UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['submission_id'], ['submission.id'], name=op.f('fk_review_submission_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_review')),
    comment='What moderators noted while they reviewed a submission.',
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_review_submission_id_id'), 'review', ['submission_id', 'id'], unique=False)
    # What was in it is in the moderation room, and goes through the queue from now on.
    op.drop_table("suggestion")
