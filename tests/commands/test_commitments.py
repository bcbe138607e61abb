"""Commitments as members and moderators type them: made, decided on, found, reported on, taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from storage import commitments, due, submissions
from tests.commands.conftest import Conversation

AUTHOR, MODERATOR, SECOND, OTHER = (
    "@mia:example.org",
    "@mod:example.org",
    "@ana:example.org",
    "@kofi:example.org",
)
ANSWERS = (
    "yes",
    "national mechanism",
    "National Committee",
    "Kenya",
    "All police academies teach early warning.",
    "9 December 2027",
    "1 June 2027: the curriculum is written\n2027-09-01 ten teachers are trained",
    "The list of academies that teach it is published.",
    "yes",
    "everybody",
)
EVIDENCE = "https://example.org/report"


@pytest.fixture(autouse=True)
def moderators(ask: Conversation) -> None:
    ask.moderators |= {MODERATOR, SECOND}


async def say(ask: Conversation, typed: str, by: str = AUTHOR) -> str:
    return await ask(typed, by=by, direct=True) or ""


async def told(ask: Conversation, answers: tuple[str, ...] = ANSWERS, by: str = AUTHOR) -> str:
    """Go through the talk and return the preview."""
    await say(ask, "commit", by)
    said = ""
    for answer in answers:
        said = await say(ask, answer, by)
    return said


async def published(ask: Conversation, answers: tuple[str, ...] = ANSWERS, by: str = AUTHOR) -> int:
    """Make a commitment that is published, and return its number."""
    await told(ask, answers, by)
    number = int(ask.buttons["✅"].split()[-1])
    await say(ask, ask.buttons["✅"], by)
    assert f"{number} " in (await ask(f"!approve {number}", by=MODERATOR) or "")
    return number


async def report(ask: Conversation, number: int, said: str) -> int:
    """Report, have it published, and return its number."""
    assert "The moderators have it now" in await say(ask, f"commitment {number} progress {said}")
    async with ask.database.read() as reader:
        newest = max(one.id for one in await submissions.waiting(reader))
    await ask(f"!approve {newest}", by=MODERATOR)
    return newest


def changed(*changes: tuple[int, str]) -> tuple[str, ...]:
    """Return the answers, with some of them changed."""
    answers = list(ANSWERS)
    for place, answer in changes:
        answers[place] = answer
    return tuple(answers)


async def test_in_a_room_nothing_is_said_of_the_topic(ask: Conversation) -> None:
    assert await ask("!commit") == "I have asked you in a direct chat."
    assert ask.addressed == (AUTHOR,)
    assert "who do not see who you are" in ask.posts[0]


async def test_it_asks_who_what_by_when_and_how_one_will_know(ask: Conversation) -> None:
    await say(ask, "commit")
    expected = (
        "Who commits? 1 state body, 2 national mechanism, 3 civil society, 4 academia, "
        "5 national human rights institution, 6 international organisation",
        "What is this body called? Skip it if it is not to be named.",
        "For which country? For example: Kenya. If it is for none in particular, type general.",
        "What is committed to, in one sentence?",
        "By when? For example: 9 December 2027",
        "By Thursday, 9 December 2027, then. Are there milestones on the way?",
        "How will one know that it is done?",
        "May you say this for those who commit? Type yes.",
        "Who may see it? 1 members of the community, 2 everybody.",
        "This will be published, if the moderators approve it:",
    )
    for answer, question in zip(ANSWERS, expected, strict=True):
        said = await say(ask, answer)
        assert question in said
        if answer.startswith("1 June"):
            assert "- Tuesday, 1 June 2027: the curriculum is written\n- Wednesday, 1 September 2027: ten" in said


async def test_the_preview_is_what_is_published(ask: Conversation) -> None:
    said = await told(ask)
    card = said[said.index("All police") : said.index("Language:")].strip()
    assert card == (
        "All police academies teach early warning.\n"
        "Kenya · national mechanism: National Committee\n"
        "By Thursday, 9 December 2027.\n\n"
        "Milestones:\n\n"
        "- Tuesday, 1 June 2027: the curriculum is written\n"
        "- Wednesday, 1 September 2027: ten teachers are trained\n\n"
        "How one will know: The list of academies that teach it is published."
    )
    assert "To be seen by everybody." in said
    await say(ask, ask.buttons["✅"])
    (post,) = ask.posts
    assert ask.addressed == ("moderation",)
    assert post.startswith("Submission 1 (commitment): waiting for the moderators")
    assert card in post
    assert "mia" not in post
    await ask("!approve 1", by=MODERATOR)
    assert list(ask.addressed) == ["moderation", "practices", AUTHOR]
    _, shown, news = ask.posts
    assert shown.startswith("All police academies teach early warning. (!commitment 1)\n")
    assert shown.endswith("How far it is: no report yet.")
    assert "I remind you before each of its dates." in news
    assert await ask("!commitment 1") == shown


async def test_nobody_is_named_who_does_not_wish_it(ask: Conversation) -> None:
    await published(ask, changed((2, "skip")))
    assert "Kenya · national mechanism\n" in (await ask("!commitment 1") or "")
    await published(ask)
    await ask("!chatham on", by=MODERATOR)
    assert "Kenya · national mechanism\n" in (await ask("!commitment 2") or ""), "nor where that rule holds"
