"""The command line: `gaamac-bot`."""

from __future__ import annotations

import asyncio
import gc
import sys
import typing
from collections.abc import Coroutine
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import backup as backing_up
from bot import content, exchange, logs, moving, safe_mode
from bot import restore as restoring
from bot.check import examine
from bot.encryption.secret_storage import RecoveryKey
from bot.errors import EXIT_DATABASE, EXIT_PROBLEM, EXIT_SETTINGS, StartError
from bot.opening import opened
from config.settings import LogSettings, Settings, SettingsError, load, settings_file
from storage import audit_file
from storage.postgres import UnusableDatabaseError

app = typer.Typer(
    help="The Matrix bot of the GAAMAC community.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Config = Annotated[
    Path | None,
    typer.Option("--config", help="The settings file. Default: $GAAMAC_CONFIG, else the environment alone."),
]


@app.callback(invoke_without_command=True)
def _main(
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if show_version:
        typer.echo(version("gaamac-bot"))
        raise typer.Exit


@app.command()
def run(config: Config = None) -> None:
    """Run the bot until it is stopped."""
    # All modules stay: to look through them at each full collection would stop the event loop for nothing.
    gc.freeze()
    _do(safe_mode.run(config))


audit_app = typer.Typer(help="The record of what was decided on what members share.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")


@audit_app.command()
def verify(config: Config = None) -> None:
    """See that no row of the audit was changed or is missing. The bot may run meanwhile."""
    settings = _settings(config)

    async def look() -> None:
        try:
            broken, count = await audit_file.verify(settings.database_url)
        except UnusableDatabaseError as error:
            raise StartError(str(error), exit_code=EXIT_DATABASE) from error
        if broken is not None:
            kind = "rows are missing before it" if broken.missing else "it was changed"
            raise StartError(f"The audit does not hold at row {broken.id}: {kind}.", exit_code=EXIT_DATABASE)
        typer.echo(f"The audit holds: {count} rows.")

    _do(look())


@app.command()
def demo(
    show_tour: Annotated[bool, typer.Option("--tour", help="Play the tour in a terminal, too.")] = False,
) -> None:
    """Try the bot: a homeserver of its own, rooms, the bot, and a chat here. Without a terminal: a tour."""
    from bot.demo import play  # what it needs is not needed to run the bot

    raise typer.Exit(play.demo(show_tour=show_tour))


@app.command()
def check(
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    create_recovery_key: Annotated[
        bool,
        typer.Option("--create-recovery-key", help="Only make and print a recovery key for a bot that is new."),
    ] = False,
) -> None:
    """Look whether the bot can do its work: data, log-in, encryption, rooms, power. Sends no message."""
    if create_recovery_key:
        # Nothing is stored: it is the operator's, who puts it into the settings before the first start.
        typer.echo(RecoveryKey.new().text)
        return
    settings = _settings(config)
    logs.configure(LogSettings(level="error"))
    report = asyncio.run(examine(settings, settings_file(config)))
    typer.echo(report.json() if as_json else "\n".join(report.lines()))
    sys.exit(report.exit_code)


@app.command("migrate-database")
def migrate_database(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The address of the database, or @ and a file.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The address of an empty one, or @ and a file.")],
    config: Config = None,
) -> None:
    """Move everything from one database to another, as from SQLite to PostgreSQL. The bot must not run."""
    settings = _settings(config)
    _do(moving.move(settings, source, target))


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="A glossary (.csv or .tbx), or a folder with all content.")],
    config: Config = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")] = False,
    rename: Annotated[
        list[str] | None,
        typer.Option("--rename", help="OLD=NEW: a room or a homeserver that has another name here. Of a folder."),
    ] = None,
) -> None:
    """Make a file the whole glossary, or a folder all content. With any mistake nothing is changed."""
    settings = _settings(config)
    if path.is_dir() or not path.suffix:
        _do(content.bring_in(settings, path, rename or [], dry_run=dry_run))
    else:
        _do(exchange.bring_in(settings, path, dry_run=dry_run))


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="The glossary's file (.csv or .tbx), or a folder for all content.")],
    config: Config = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Write the whole glossary to a file, or all content to a folder, also while the bot runs."""
    settings = _settings(config)
    if path.suffix:
        _do(exchange.take_out(settings, path, overwrite=force))
    else:
        _do(content.take_out(settings, path))


@app.command()
def backup(
    path: Annotated[
        Path | None, typer.Argument(help="Where to; default: a name with the time, in the present folder.")
    ] = None,
    config: Config = None,
) -> None:
    """Back up database, session and settings into one file, also while the bot runs."""
    settings = _settings(config)
    target = path or Path(backing_up.name(settings, datetime.now(UTC)))
    try:
        backing_up.make(backing_up.Order.of(settings, target))
    except backing_up.BackupError as error:
        _fail(str(error), EXIT_PROBLEM)
    secret = "" if settings.backup.passphrase else " It is not encrypted: who has it can act as the bot."
    typer.echo(f"Backed up to {target}.{secret}")


@app.command()
def restore(
    path: Annotated[Path, typer.Argument(help="A file that `gaamac-bot backup` made.")], config: Config = None
) -> None:
    """Put a backup back into an empty data folder."""
    settings = _settings(config)
    _do(restoring.put_back(settings, path))


@app.command("restored-at")
def restored_at(
    copied_at: Annotated[datetime, typer.Argument(help="When the copy was made, in UTC: 2026-11-30T03:00:00.")],
    config: Config = None,
) -> None:
    """Tell the bot that its database was put back by other means than `restore`, from a copy of that time."""
    settings = _settings(config)

    async def note() -> None:
        async with opened(settings) as database:
            await restoring.mark(database, copied_at.replace(tzinfo=UTC))

    _do(note())


def _settings(config: Path | None) -> Settings:
    try:
        return load(config)
    except SettingsError as error:
        _fail(str(error), EXIT_SETTINGS)


def _do(work: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(work)
    except StartError as error:
        _fail(str(error), error.exit_code)


def _fail(message: str, code: int) -> typing.NoReturn:
    typer.echo(message, err=True)
    sys.exit(code)


def main() -> None:
    """Enter here."""
    app()


if __name__ == "__main__":
    main()
