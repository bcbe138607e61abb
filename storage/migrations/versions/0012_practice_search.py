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
    else:
        op.execute(
            "CREATE TABLE practice_text (id INTEGER PRIMARY KEY, language TEXT NOT NULL, title TEXT NOT NULL, "
            "summary TEXT NOT NULL, rest TEXT NOT NULL, words TSVECTOR NOT NULL)"
        )
        op.execute("CREATE INDEX ix_practice_text_words ON practice_text USING gin (words)")
