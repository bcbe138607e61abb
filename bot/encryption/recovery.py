"""Where a new recovery key is shown: once, in the bot's terminal or its folder, and never in a log."""

from __future__ import annotations

import sys
from pathlib import Path

import structlog

from bot.encryption.secret_storage import RecoveryKey

log = structlog.get_logger(__name__)

FILE = "recovery-key"


def show(key: RecoveryKey, folder: Path) -> None:
    """Show a new recovery key: in the terminal, or where there is none in a file of the data folder.

    A log is kept for long and read by many; what opens the bot's identity does not belong there.
    """
    if sys.stderr.isatty():
        sys.stderr.write(
            "\nThe bot has made a recovery key. It is shown only now. Keep it in a safe place: with it the bot's\n"
            "identity is restored when this data folder is lost, and you can verify it in Element.\n\n"
            f"    {key.text}\n\n"
        )
        return
    path = folder / FILE
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(f"{key.text}\n", encoding="utf-8")
    log.warning(
        "made a recovery key; keep it in a safe place, and delete the file: with it the bot's identity is "
        "restored when the data folder is lost",
        file=str(path),
    )


def waits(folder: Path) -> bool:
    """Tell whether a shown key still lies in the data folder."""
    return (folder / FILE).exists()
