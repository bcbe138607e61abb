"""The part of `gaamac-bot check` about several instances: which of them works, and the session that they share."""

from __future__ import annotations

from bot.findings import Report
from bot.leadership import SILENCE
from bot.login import Login
from config.settings import Settings
from storage import leadership, shared_login
from storage.looking import looking
from storage.shared_login import WrongSecretError


async def instances(report: Report, settings: Settings) -> Login | None:
    """Look who leads. Return the session that is shared; None when there is none, or one instance is alone."""
    if settings.cluster.secret is None:
        return None
    about = "instances"
    async with looking(settings.database_url) as reader:
        if reader is None:
            return None
        found = await leadership.standing(reader.sql)
        try:
            shared = await shared_login.get(reader, settings.cluster.secret.get_secret_value())
        except WrongSecretError:
            shared = None
            report.problem(
                "login.secret",
                about,
                "The session in the database was stored with another secret.",
                "GAAMAC_CLUSTER__SECRET must be the same for all instances.",
            )
    if found is None or found.name is None:
        report.ok("bot", about, "None works with this database now.")
    elif found.silent < SILENCE:
        report.ok("bot", about, f"{found.name} works, the leader number {found.epoch}; the others stand by.")
    else:
        report.warning(
            "bot.silent",
            about,
            f"{found.name} leads, and has not said that it lives for {found.silent.total_seconds():.0f} s.",
            "Start another instance: it takes over.",
        )
    return Login.model_validate_json(shared) if shared is not None else None
