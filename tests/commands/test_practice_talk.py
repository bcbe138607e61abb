"""How one talks about a practice: back, skip, preview, save, in several messages, corrected; or in one form."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from storage import due, identities, submissions, talks, unfinished
from tests.commands.conftest import Conversation
from tests.commands.test_practices import ANSWERS, AUTHOR, MODERATOR, say, sent, told


@pytest.fixture(autouse=True)
def moderators(ask: Conversation) -> None:
    ask.moderators.add(MODERATOR)


async def begun(ask: Conversation, count: int) -> str:
    """Answer so many questions."""
    said = await say(ask, "practice share")
    for answer in ANSWERS[:count]:
        said = await say(ask, answer)
    return said


async def reminders(ask: Conversation) -> list[str]:
    async with ask.database.read() as reader:
        return [
            one.subject
            for one in await due.ready(reader, ask.now + timedelta(days=365), 500)
            if one.kind == unfinished.UNFINISHED
        ]


async def test_a_preview_shows_what_is_answered_so_far(ask: Conversation) -> None:
    said = await begun(ask, 3)
    assert "Or type: back, preview, save, cancel" in said
    said = await say(ask, "preview")
    assert said.startswith("Radio that warns early\nKenya")
    assert "(4 of" in said


async def test_what_is_saved_goes_on_on_another_day(ask: Conversation) -> None:
    await begun(ask, 4)
    assert await reminders(ask) == [f"talk/{AUTHOR}"]
    assert "Saved. practice edit 1 goes on with it; I keep it for 30 days." in await say(ask, "save")
    assert await reminders(ask) == ["draft/1"]
    assert "7 answers are still missing." in await say(ask, "practice send 1")
    said = await say(ask, "practice edit 1")
    assert "Who led it?" in said, "with the first that is missing"
    for answer in ANSWERS[4:]:
        said = await say(ask, answer)
    assert "This will be published" in said
    await say(ask, ask.buttons["✅"])
    assert ask.posts[0].startswith("Submission 1 (practice): waiting")
    assert await reminders(ask) == []


async def test_before_consent_there_is_nothing_to_save(ask: Conversation) -> None:
    await say(ask, "practice share")
    assert "Dropped" in await say(ask, "save")
    async with ask.database.read() as reader:
        assert await identities.known_pseudonym(reader, AUTHOR) is None


async def test_a_long_answer_may_come_in_several_messages(ask: Conversation) -> None:
    said = await begun(ask, 7)
    assert "begin the next with +" in said
    await say(ask, "First the stations met.")
    said = await say(ask, "+ Then they answered.")
    assert "(9 of" in said
    await say(ask, "+\nLast they asked listeners.")
    for answer in ANSWERS[8:]:
        said = await say(ask, answer)
    assert "First the stations met.\nThen they answered.\nLast they asked listeners." in said
    await say(ask, "practice share")
    await say(ask, "yes")
    await say(ask, "A title")
    assert "no longer answer" in await say(ask, "+ and more of it")


async def test_an_edit_of_an_answer_corrects_it(ask: Conversation) -> None:
    await begun(ask, 7)
    async with ask.database.read() as reader:
        talk = await talks.of(reader, AUTHOR, ask.now)
    assert talk is not None
    assert talk.messages is not None
    by_key = {key: event for event, key in talk.messages.items()}

    async def edited(key: str, text: str) -> str:
        return await ask(text, direct=True, corrects=by_key.get(key, "$unknown")) or ""

    said = await edited("country", "Uganda")
    assert said.startswith("Corrected.")
    assert "(8 of" in said
    assert "I know no country called atlantis." in await edited("country", "atlantis")
    assert "I cannot correct that by an edit. back leads to it." in await edited("nothing", "Rwanda")
    for answer in ANSWERS[7:]:
        said = await say(ask, answer)
    assert "Uganda · national" in said
    assert await edited("country", "Rwanda") == "That talk is over, so nothing was changed."


async def test_who_wants_is_asked_more(ask: Conversation) -> None:
    await begun(ask, 10)
    said = await say(ask, "yes")
    assert "Since when, and until when?" in said
    assert "of 34)" in said
    await say(ask, "since 2019")
    for _ in range(3):
        await say(ask, "skip")
    assert "Who took part?" in await say(ask, "back")
    for _ in range(10):
        said = await say(ask, "skip")
    assert "Was it evaluated?" in said
    await say(ask, "3")
    assert "From which community does it come?" in await say(ask, "1")
    await say(ask, "R2P")
    for answer in ANSWERS[11:]:
        said = await say(ask, answer)
    assert "When: since 2019" in said
    assert "Evaluated: not evaluated" in said
    assert "everybody, with the source named" in said
    assert "Community: R2P" in said


async def test_a_form_in_one_message(ask: Conversation) -> None:
    assert "direct chat only" in (await ask("!practice form") or "")
    said = await say(ask, "practice form")
    template = said[said.index("practice form\n") :]
    assert "Steps:" in template
    wrong = template.replace("Country:", "Country: Atlantis").replace("Title:", "Title: A title")
    said = await say(ask, wrong)
    assert said.startswith("Nothing is stored yet.")
    for line in (
        "I have read what the bot says about privacy: This one is needed.",
        "Country: I know no country called Atlantis.",
        "Summary: This one is needed.",
        "To be seen by: This one is needed.",
    ):
        assert line in said
    assert "Title:" not in said
    filled = template
    for label, text in {
        "I have read what the bot says about privacy": "yes",
        "Title": "Radio that warns early",
        "Country": "Kenya",
        "Level": "national",
        "Led by": "civil society",
        "Summary": "Stations met.\nThey answered rumours: each week.",
        "Result": "Fewer rumours.",
        "When": "since 2019",
        "I have the right to share this": "yes",
        "Nobody can be recognised who did not agree": "yes",
        "To be published": "anonymously",
        "To be seen by": "everybody",
    }.items():
        filled = re.sub(rf"\n{label}( \[.*\])?:", lambda found, said=text: f"{found.group()} {said}", filled)  # type: ignore[misc]
    said = await say(ask, filled)
    assert "Radio that warns early\nKenya · national · civil society" in said
    assert "Stations met.\nThey answered rumours: each week." in said
    assert "When: since 2019" in said
    await say(ask, ask.buttons["✅"])
    assert ask.posts[0].startswith("Submission 1 (practice): waiting")


async def test_the_form_in_french_and_spanish(ask: Conversation) -> None:
    for language, command, first in (
        ("fr", "pratique formulaire", "Titre:"),
        ("es", "práctica formulario", "Título:"),
    ):
        await say(ask, f"language {language}")
        said = await say(ask, command)
        assert first in said
        assert "Title:" not in said


@pytest.mark.parametrize("place", [1, 5, 6, 7, 8])
async def test_hostile_text_in_each_field(ask: Conversation, place: int) -> None:
    answers = list(ANSWERS)
    answers[place] = "@room <b>x</b>\0 [a](https://matrix.to/#/@a:b.c) \u202eabc ![i](mxc://a/b)"
    await sent(ask, tuple(answers))
    await ask("!approve 1", by=MODERATOR)
    await ask("!practice 1")
    assert ask.last is not None
    html = ask.last.html or ""
    assert "<b>x" not in html
    assert "<img" not in html
    assert "matrix.to/#" not in html
    assert "@room" not in ask.last.body
    assert "\0" not in ask.last.body
    assert "\u202e" not in ask.last.body


async def test_sixty_kilobytes_are_refused_and_nothing_is_lost(ask: Conversation) -> None:
    await begun(ask, 8)
    assert "That has 60000 characters; at most 6000 fit here." in await say(ask, "x" * 60_000)
    said = ""
    for answer in ANSWERS[8:]:
        said = await say(ask, answer)
    assert "Local radio stations met each week" in said


async def test_a_new_version_is_saved_in_one_go_only(ask: Conversation) -> None:
    await sent(ask)
    await ask("!changes 1 More, please", by=MODERATOR)
    await say(ask, "practice edit 1")
    await say(ask, "skip")
    assert "is changed in one go" in await say(ask, "save")
    async with ask.database.read() as reader:
        one = await submissions.get(reader, 1)
        assert one is not None
        assert one.state == "changes_requested"
        assert await talks.of(reader, AUTHOR, ask.now) is not None, "the talk goes on"


async def test_a_finished_draft_is_reminded_of(ask: Conversation) -> None:
    await told(ask)
    assert await reminders(ask) == ["draft/1"]
    await say(ask, "practice withdraw 1")
    assert await reminders(ask) == []
