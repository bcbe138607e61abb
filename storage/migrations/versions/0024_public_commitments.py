"""Commitments that everybody may see are marked as practices are, so that they are on the web."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0024"
down_revision = "0023"
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
    """Mark what is published for everybody already; the tables stay as they are."""
    connection = op.get_bind()
    published = sa.select(submission.c.id, submission.c.fields, submission.c.updated_at).where(
        submission.c.kind == "commitment", submission.c.state.in_(("published", "update_pending"))
    )
    for row in connection.execute(published).all():
        if row.fields.get("visibility") == "public":
            connection.execute(
                sa.update(submission)
                .where(submission.c.id == row.id)
                .values(public_at=row.updated_at, public_country=row.fields.get("country"))
            )
