"""Commitments, and what belongs to another submission."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and create the table of commitments. There are none before this version."""
    op.add_column("submission", sa.Column("about", sa.Integer(), nullable=True,
    comment="The submission that it belongs to, as a report to its commitment."))
    op.create_index(op.f("ix_submission_about"), "submission", ["about"], unique=False)
    op.create_table('commitment',
    sa.Column('submission_id', sa.Integer(), nullable=False),
    sa.Column('country', TEXT, nullable=False, comment='Its code, or `general`.'),
    sa.Column('category', TEXT, nullable=False, comment='What kind of body commits.'),
    sa.Column('deadline', sa.Date(), nullable=False),
    sa.Column('level', TEXT, nullable=True, comment='How far it is by the last report. Null: none yet.'),
    sa.Column('reported_at', UtcDateTime(timezone=True), nullable=True, comment='When the last report was published.'),
    sa.Column('met_at', UtcDateTime(timezone=True), nullable=True, comment='Since when it is complete.'),
    sa.ForeignKeyConstraint(['submission_id'], ['submission.id'], name=op.f('fk_commitment_submission_id')),
    sa.PrimaryKeyConstraint('submission_id', name=op.f('pk_commitment')),
    comment='What is asked of published commitments, drawn from `submission`.'
    )
    op.create_index(op.f('ix_commitment_country_submission_id'), 'commitment', ['country', 'submission_id'], unique=False)
    op.create_index(op.f('ix_commitment_met_at'), 'commitment', ['met_at'], unique=False)
    op.create_index(op.f('ix_commitment_deadline'), 'commitment', ['deadline'], unique=False)
