"""The part of `gaamac-bot check` that looks at encryption: is the device signed, can the identity be restored."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.encryption import recovery
from bot.encryption.device_lists import read
from bot.encryption.identity import SETTING, IdentityError, open_storage
from bot.findings import Report
from bot.session import Session
from config.settings import Settings

CLASS = ABOUT = "encryption"


class EncryptionCheck:
    """Asks the homeserver about the bot's device and identity."""

    def __init__(self, report: Report, settings: Settings, session: Session) -> None:
        self._report = report
        self._settings = settings
        self._session = session

    async def run(self) -> bool | None:
        """Look, and return whether the bot's device is signed by its identity; None: the bot has not run yet.

        Raises:
            MatrixError: the homeserver cannot be asked.

        """
        user_id, device_id = self._session.user_id, self._session.login.device_id
        found = await self._session.call("POST", "keys", "query", body={"device_keys": {user_id: []}})
        master, _, devices = read(user_id, found)
        mine = next((one for one in devices if one.device_id == device_id), None)
        self._waiting_key(self._settings.data_dir)
        if mine is None and master is None:
            self._report.ok(CLASS, ABOUT, "The bot makes its cross-signing identity when it is started.")
            return None
        if master is None:
            self._report.problem(
                "encryption.no-identity",
                ABOUT,
                "The account has no cross-signing identity.",
                "Start the bot; its log says what is missing.",
            )
            return False
        if mine is not None and mine.cross_signed:
            self._report.ok(CLASS, ABOUT, f"The device {device_id} is signed by the bot's cross-signing identity.")
        await self._restorable(required=mine is None or not mine.cross_signed)
        return mine is not None and mine.cross_signed

    def _waiting_key(self, folder: Path) -> None:
        if recovery.waits(folder):
            path = (folder / recovery.FILE).absolute()
            self._report.warning(
                "encryption.key-lies-open",
                ABOUT,
                f"The recovery key still lies in {path}.",
                "Keep it in a safe place, and delete the file.",
            )

    async def _restorable(self, *, required: bool) -> None:
        """Look whether the configured recovery key opens the account's secret storage."""
        if self._settings.matrix.recovery_key is None and not required:
            self._report.ok(
                CLASS,
                ABOUT,
                f"No recovery key is set, and none is needed now. When the data folder is lost, {SETTING} "
                "restores the bot's identity.",
            )
            return
        try:
            await open_storage(self._session, self._settings.matrix)
        except IdentityError as error:
            if required:
                self._report.problem("encryption.unsigned", ABOUT, str(error), "")
            else:
                self._report.warning("encryption.wrong-key", ABOUT, str(error))
        else:
            now = " The bot signs its device with it when it is started." if required else ""
            self._report.ok(CLASS, ABOUT, f"The recovery key opens the secret storage of the account.{now}")


def of_room(report: Report, about: str, settings: Mapping[str, object], *, signed: bool | None) -> None:
    """Say whether a room is encrypted, and what the bot cannot do there (`signed`: see `EncryptionCheck.run`)."""
    if not settings:
        report.ok(CLASS, about, "The room is not encrypted.")
    elif signed is False:
        report.problem(
            "encryption.room",
            about,
            "The room is encrypted, and the bot's device is not signed: it neither reads nor writes there.",
            "What is said about encryption above tells what to do.",
        )
    else:
        report.ok(CLASS, about, "The room is encrypted; the bot reads and writes there.")
