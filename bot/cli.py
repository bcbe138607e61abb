"""The command line: `gaamac-bot`."""

from __future__ import annotations

import asyncio
import sys
import typing
from collections.abc import Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import app as application
from bot import exchange, logs, moving
from bot.check import examine
from bot.encryption.secret_storage import RecoveryKey
from bot.errors import EXIT_DATABASE, EXIT_SETTINGS, StartError
from config.settings import LogSettings, Settings, SettingsError, load
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
    settings = _settings(config)
    logs.configure(settings.log)
    _do(application.run(settings))


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
    report = asyncio.run(examine(settings))
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
    path: Annotated[Path, typer.Argument(help="A glossary: a file .csv or .tbx.")],
    config: Config = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")] = False,
) -> None:
    """Make a file the whole glossary. With any mistake in it, nothing is changed."""
    settings = _settings(config)
    _do(exchange.bring_in(settings, path, dry_run=dry_run))


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="Where to write the glossary: a file .csv or .tbx.")],
    config: Config = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Write the whole glossary to a file."""
    settings = _settings(config)
    _do(exchange.take_out(settings, path, overwrite=force))


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
