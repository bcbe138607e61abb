"""Full-text search over practices."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index; what is published is put into it when it is published."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE practice_text USING fts5("
            "language UNINDEXED, title, summary, rest, tokenize = 'unicode61 remove_diacritics 0')"
        )
