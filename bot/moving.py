"""`gaamac-bot migrate-database FROM TO`: the community moves to another database, and each row is compared."""

from __future__ import annotations

from pathlib import Path

import typer

from bot.check import is_running
from bot.errors import EXIT_DATABASE, EXIT_PROBLEM, EXIT_RUNNING, StartError
from bot.opening import alone
from config.settings import DATABASES, Settings
from storage import moving
from storage.moving import Moved
from storage.postgres import UnusableDatabaseError, shown

ROW = "{:<16} {:>9}  {}"


async def move(settings: Settings, source: str, target: str) -> None:
    """Copy the database at `source` to the empty one at `target`, and say what to change in the settings.

    Raises:
        StartError: it cannot be done; the new database is as empty as before.

    """
    source, target = _address(source), _address(target)
    _must_rest(source)
    tables: list[Moved] = []

    def told(one: Moved) -> None:
        tables.append(one)
        typer.echo(ROW.format(one.table, one.rows, one.fingerprint))

    typer.echo(ROW.format("table", "rows", "fingerprint"))
    with alone(settings):
        try:
            await moving.move(source, target, told)
        except UnusableDatabaseError as error:
            raise StartError(f"{error} Nothing was moved.", exit_code=EXIT_DATABASE) from error
    replaced = sum(one.replaced for one in tables)
    if replaced:
        typer.echo(f"{replaced} rows held null characters, which are no text; they stand as \ufffd now.")
    typer.echo(
        f"All {sum(one.rows for one in tables)} rows are in {shown(target)}, each compared with the old one.\n"
        "Now set GAAMAC_DATABASE_URL (database_url in the settings file) to the new address, and start the bot.\n"
        "Keep the data folder: the session and the recovery key stay in it.\n"
        "The old database was not changed; delete it when the bot has run for a while with the new one."
    )


def _address(said: str) -> str:
    """Return an address; @ and a path name a file that holds it: every account sees what was typed with `ps`."""
    if said.startswith("@"):
        try:
            said = Path(said[1:]).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise StartError(f"{said[1:]} cannot be read: {error}.", exit_code=EXIT_PROBLEM) from error
    if not said.startswith(DATABASES):
        raise StartError(
            f"An address of a database begins with {' or '.join(DATABASES)}, or is @ and a file that holds it.",
            exit_code=EXIT_PROBLEM,
        )
    return said


def _must_rest(source: str) -> None:
    """See that no bot runs with the folder in which a file of SQLite lies."""
    if source.startswith("sqlite"):
        folder = Path(source.partition("///")[2].partition("?")[0]).parent
        if is_running(folder):
            raise StartError(
                f"A gaamac-bot is running with the folder {folder}. Stop it first.", exit_code=EXIT_RUNNING
            )
