"""What everybody may see on the web is marked, so that nothing else can be found there."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

submission = sa.table(
    "submission",
    sa.column("id", sa.Integer),
    sa.column("kind", TEXT),
    sa.column("state", TEXT),
    sa.column("fields", sa.JSON),
    sa.column("updated_at", UtcDateTime),
    sa.column("public_at", UtcDateTime),
    sa.column("public_country", TEXT),
)


def upgrade() -> None:
    """Add the columns, and mark what is published for everybody already."""
    op.add_column("submission", sa.Column("public_at", UtcDateTime(timezone=True), nullable=True,
    comment="Since when everybody may see it as it is. Null: they may not."))
    op.add_column("submission", sa.Column("public_country", TEXT, nullable=True,
    comment="Of what everybody may see, so that it is found by country."))
    op.create_index(op.f("ix_submission_public_at_id"), "submission", ["public_at", "id"], unique=False)
    op.create_index(op.f("ix_submission_public_country_public_at_id"), "submission",
    ["public_country", "public_at", "id"], unique=False)
    connection = op.get_bind()
    published = sa.select(submission.c.id, submission.c.fields, submission.c.updated_at).where(
        submission.c.kind == "practice", submission.c.state.in_(("published", "update_pending"))
    )
    for row in connection.execute(published).all():
        if row.fields.get("visibility") == "public":
            connection.execute(
                sa.update(submission)
                .where(submission.c.id == row.id)
                .values(public_at=row.updated_at, public_country=row.fields.get("country"))
            )
