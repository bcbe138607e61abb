"""How many practices have which word: of what was published, related practices are found by their rare words."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Show the words of the full-text index as a table; it keeps nothing of its own."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE practice_word USING fts5vocab('practice_text', 'row')")
