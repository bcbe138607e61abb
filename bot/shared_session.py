"""The session where several instances share it: the one in the database is the truth, the file a copy of it."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.errors import EXIT_LOGIN, EXIT_SETTINGS, StartError
from bot.login import SESSION_FILE, Login, store, stored
from config.settings import Settings
from storage import room_keys, shared_login
from storage.database import Database
from storage.shared_login import WrongSecretError


async def fetch(database: Database, settings: Settings) -> None:
    """Put the session that is shared into the data folder; what is there stays if none is shared yet.

    Where nothing is to be shared, what was is forgotten: it would be out of date when they are several again.

    Raises:
        StartError: it was shared with another secret, or it is in the data folder of another instance.

    """
    if settings.cluster.secret is None:
        async with database.write() as writer:
            await shared_login.forget(writer)
        return
    file = settings.data_dir / SESSION_FILE
    try:
        async with database.read() as reader:
            found = await shared_login.get(reader, settings.cluster.secret.get_secret_value())
            device = await room_keys.own(reader)
    except WrongSecretError as error:
        raise StartError(
            "The session in the database was stored with another secret. GAAMAC_CLUSTER__SECRET must be the same "
            "for all instances.",
            exit_code=EXIT_SETTINGS,
        ) from error
    if found is not None:
        store(file, Login.model_validate_json(found))
        return
    mine = stored(file)
    if device is not None and (mine is None or mine.device_id != device.device_id):
        # A log-in of this instance would make a new device, and lose all keys of the present one.
        raise StartError(
            f"The session of the bot, device {device.device_id}, is not shared yet. Start the instance first that "
            f"has it in its data folder, as {SESSION_FILE}, or copy that file into {settings.data_dir}.",
            exit_code=EXIT_LOGIN,
        )


async def share(database: Database, settings: Settings, login: Login) -> None:
    """Share a session, if there are several instances, unless it is the one that is shared already."""
    if settings.cluster.secret is None or not login.access_token:  # It has none while it logs in again.
        return
    secret = settings.cluster.secret.get_secret_value()
    async with database.write() as writer:
        data = login.model_dump_json().encode()
        if await shared_login.get(writer, secret) != data:
            await shared_login.put(writer, secret, data, datetime.now(UTC))
