"""What members can see and erase of what is stored of them."""

from __future__ import annotations

import json
from pathlib import Path

import sqlalchemy as sa

from tests import databases
from tests.commands.conftest import Conversation
from tests.commands.test_practices import MODERATOR, sent

MIA = "@mia:example.org"


async def filled(ask: Conversation) -> None:
    """Leave something in as many places as a member can."""
    ask.moderators.add(MODERATOR)
    await sent(ask)
    await ask("!approve 1", by=MODERATOR)
    for typed in (
        *(
            "!language fr",
            "!timezone nairobi",
            "!event going 14",
            "!event remind 14 1 day",
            "!events follow training",
        ),
        *("!focal suggest kenya The office is elsewhere, see https://example.org", "!language en"),
        '!event suggest 10 Dec 2027 10:00 "Museums and memory" training',
    ):
        await ask(typed)
    await ask("practice share", direct=True)


async def test_all_of_it_is_sent_as_a_file_in_a_direct_chat_only(ask: Conversation) -> None:
    await filled(ask)
    assert await ask("!mydata") == "I have written to you in a direct chat."
    assert not ask.attachments
    assert ask.posts == ("I do that in a direct chat only. Type mydata here.",)
    said = await ask("!mydata", direct=True) or ""
    assert "- to which events you go (1)" in said
    (file,) = ask.attachments
    found = json.loads(file.data)
    assert set(found) == {
        *("person", "attendance", "reminder", "following", "talk", "identity", "submission"),
    }
    assert found["submission"][-1]["fields"]["title"] == "Radio that warns early"


async def test_what_is_forgotten_is_nowhere_in_the_file(ask: Conversation, tmp_path: Path) -> None:
    await filled(ask)
    said = await ask("!forgetme", direct=True) or ""
    assert "This goes, and cannot be brought back:" in said
    assert "what you shared (3)" in said
    assert "To do it: forgetme yes" in said
    assert "Early" in (await ask("!practice 1") or "").title(), "nothing has happened yet"
    said = await ask("!forgetme yes", direct=True) or ""
    assert said.startswith("Done. I have forgotten you.")
    assert ask.posts == (
        "Submission 3 (event): erased",
        "Submission 2 (correction): erased",
        "Submission 1 (practice): erased",
        "",
    ), "and the message in the practices room is taken back"
    assert "There is no practice 1." in (await ask("!practice 1") or "")
    await ask("!mydata", direct=True)
    assert ask.last is not None
    assert ask.last.body == "I store nothing of you."
    async with ask.database.write() as writer:
        # What goes with the purge after thirty days.
        await writer.sql.execute(sa.text("DELETE FROM inbox"))
    await ask.database.close()
    data = databases.contents(tmp_path / "bot.db")
    assert MIA.encode() not in data
    assert b"Radio that warns" not in data


async def test_in_three_languages(ask: Conversation) -> None:
    assert "{mydata}" not in (await ask("!privacy") or "")
    assert "!mydata" in (await ask("!privacy") or "")
    await ask("!langue fr")
    assert "!oubliemoi" in (await ask("!confidentialité") or "")
    assert "oubliemoi oui" in (await ask("oubliemoi", direct=True) or "")
    await ask("!idioma es")
    assert "!misdatos" in (await ask("!privacidad") or "")
    await ask("olvidame sí", direct=True)
    assert await ask("mydata", direct=True) == "I store nothing of you.", "the language is forgotten, too"
