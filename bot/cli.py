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
from bot import logs
from bot.errors import EXIT_SETTINGS, StartError
from config.settings import Settings, SettingsError, load

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
