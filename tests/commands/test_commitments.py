"""Commitments as members and moderators type them: made, decided on, found, reported on, taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.settings import PracticeSettings
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
        "Who commits? 1 State body, 2 National mechanism, 3 Civil society, 4 Academia, "
        "5 National human rights institution, 6 International organisation",
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
            assert (
                "- Tuesday, 1 June 2027 – the curriculum is written\n- Wednesday, 1 September 2027 – ten" in said
            )


async def test_the_preview_is_what_is_published(ask: Conversation) -> None:
    said = await told(ask)
    card = said[said.index("All police") : said.index("Language:")].strip()
    assert card == (
        "All police academies teach early warning.\n"
        "Kenya · National mechanism (National Committee)\n"
        "By Thursday, 9 December 2027.\n\n"
        "Milestones:\n\n"
        "- Tuesday, 1 June 2027 – the curriculum is written\n"
        "- Wednesday, 1 September 2027 – ten teachers are trained\n\n"
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
    assert "Kenya · National mechanism\n" in (await ask("!commitment 1") or "")
    await published(ask)
    await ask("!chatham on", by=MODERATOR)
    assert "Kenya · National mechanism\n" in (await ask("!commitment 2") or ""), "nor where that rule holds"


@pytest.mark.parametrize(
    ("place", "typed", "answer"),
    [
        (1, "state boddy", "state boddy is none of these: 1 State body, 2 National mechanism,"),
        (1, "7", "7 is none of these:"),
        (3, "Atlantis", "I know no country called Atlantis."),
        (4, "x" * 201, "That has 201 characters; at most 200 fit here."),
        (4, "Fighters are killing people", "This reads like a report of a violation"),
        (5, "9 December 2020", "This is in the past."),
        (5, "soon", "soon leaves the day open. Please name the day."),
        (5, "31 February 2027", "There is no such day as 31 February 2027."),
        (5, "9 December 2099", "That is more than 30 years ahead."),
        (6, "1 June 2025: too early", "Sunday, 1 June 2025 is in the past."),
        (6, "1 June 2028: too late", "Thursday, 1 June 2028 is after the deadline, Thursday, 9 December 2027."),
        (
            6,
            "the curriculum",
            "One line for each, the date first. For example: 1 June 2027: the curriculum is written",
        ),
        (6, "1 June 2027", "What is to be done by Tuesday, 1 June 2027?"),
        (6, "\n".join(f"{day} June 2027: step {day}" for day in range(1, 12)), "I keep up to 10 milestones."),
        (8, "no", "I go on only with yes."),
        (9, "nobody", "nobody is none of these:"),
    ],
)
async def test_what_is_not_understood_is_said(ask: Conversation, place: int, typed: str, answer: str) -> None:
    await told(ask, ANSWERS[:place])
    assert answer in await say(ask, typed)
    for rest in ANSWERS[place:]:
        said = await say(ask, rest)
    assert "This will be published" in said, "nothing was lost"


async def test_a_milestone_never_comes_to_lie_after_the_deadline(ask: Conversation) -> None:
    await told(ask, ANSWERS[:7])
    await say(ask, "back")
    await say(ask, "back")
    said = await say(ask, "1 July 2027")
    assert "A milestone is on Wednesday, 1 September 2027, after that." in said
    await say(ask, "skip")
    await say(ask, "1 June 2027: the curriculum is written")
    await say(ask, "back")
    await say(ask, "back")
    assert "By Thursday, 1 July 2027, then." in await say(ask, "1 July 2027")


async def test_what_may_be_skipped_and_in_how_many_messages(ask: Conversation) -> None:
    said = await told(ask, changed((2, "skip"), (3, "general"), (6, "skip"), (9, "members of the community")))
    assert "All police academies teach early warning.\nNational mechanism\nBy Thursday" in said
    assert "Milestones" not in said
    await say(ask, "cancel")
    await told(ask, ANSWERS[:6])
    await say(ask, "1 June 2027: the curriculum; 1 July 2027 is read by three ministries")
    said = await say(ask, "+ 1 March 2027: a first draft")
    assert (
        "- Monday, 1 March 2027 – a first draft\n- Tuesday, 1 June 2027 – the curriculum\n- Thursday, 1 July"
        in said
    )


async def test_a_moderator_asks_for_changes_and_the_author_changes_the_day(ask: Conversation) -> None:
    await told(ask)
    await say(ask, ask.buttons["✅"])
    await ask("!changes 1 Is that not too soon?", by=MODERATOR)
    assert "Is that not too soon?" in ask.posts[-1]
    await say(ask, "practice edit 1")
    for _ in range(5):
        said = await say(ask, "skip")
    assert "Until now: 2027-12-09" in said
    await say(ask, "9 December 2028")
    for _ in range(4):
        said = await say(ask, "skip")
    assert "The moderators have the new version now." in said
    await ask("!approve 1", by=MODERATOR)
    assert "By Saturday, 9 December 2028." in (await ask("!commitment 1") or "")


async def test_lists_by_country_region_who_and_level(ask: Conversation) -> None:
    await published(ask)
    await published(ask, changed((1, "academia"), (2, "skip"), (3, "Ghana"), (4, "A course on early warning.")))
    await published(ask, changed((1, "1"), (3, "State of Palestine"), (4, "A law on prevention.")))
    await published(ask, changed((1, "1"), (3, "general"), (4, "A fund for small projects.")))
    await report(ask, 2, "limited the course is announced")
    kenya = (
        "All police academies teach early warning. – Kenya · National mechanism (National Committee) – "
        "by 9 Dec 2027 – no report yet (!commitment 1)"
    )
    said = await ask("!commitments") or ""
    assert [row.split(".")[0] for row in said.splitlines()] == [
        "- A fund for small projects",
        "- A law on prevention",
        "- A course on early warning",
        "- All police academies teach early warning",
    ]
    assert await ask("!commitments kenya") == f"- {kenya}"
    for typed, numbers in {
        "ghana": [2],
        "africa": [2, 1],
        "africa academia": [2],
        "academia": [2],
        "limited": [2],
        "ghana limited": [2],
        "limited academia ghana": [2],
        "State of Palestine": [3],
        "state body": [4, 3],
        "early warning": [2, 1],
        "early warning kenya": [1],
        "national committee": [4, 3, 1],
        "universitaire": [],
        "complete": [],
    }.items():
        said = await ask(f"!commitments {typed}") or ""
        assert [
            int(row.split("!commitment ")[1].rstrip(")")) for row in said.splitlines() if "!commitment " in row
        ] == (numbers), typed
    assert "No commitment is on record for complete." in (await ask("!commitments complete") or "")
    assert "Did you mean !commitments Kenya?" in (await ask("!commitments kennya") or "")


async def test_an_empty_list_says_how_to_begin(ask: Conversation) -> None:
    assert await ask("!commitments") == (
        "No commitment has been published yet.\n\nDo you wish to commit to something? !commit"
    )
    assert await ask("!commitments due") == "Nothing that was committed to is due."
    assert await ask("!commitments year") == "No commitment stood in 2026."
    assert "There is no commitment 1. !commitments shows what there is." in (await ask("!commitment 1") or "")


async def test_a_long_list_says_how_to_see_the_rest(ask: Conversation) -> None:
    for number in range(12):
        await published(ask, changed((4, f"Course number {number}")))
    said = await ask("!commitments") or ""
    assert said.count("(!commitment ") == 10
    assert "- and 2 more" in said
    assert "To see fewer, name a country, who commits, or how far it is: !commitments Kenya" in said


async def test_what_is_due_comes_soonest_first_and_what_is_overdue_only_to_moderators(ask: Conversation) -> None:
    await published(ask)
    await published(ask, changed((4, "Sooner."), (5, "9 February 2027"), (6, "skip")))
    await published(ask, changed((4, "Met."), (5, "9 March 2027"), (6, "skip")))
    await report(ask, 3, f"complete all is done {EVIDENCE}")
    said = await ask("!commitments due") or ""
    assert [row.split(".")[0] for row in said.splitlines()] == [
        "- Sooner",
        "- All police academies teach early warning",
    ]
    assert (await ask("!commitments due kenya mechanism") or "").count("(!commitment ") == 2
    assert "No commitment is on record for ghana." in (await ask("!commitments due ghana") or "")
    assert await ask("!commitments overdue", by=MODERATOR) == "Nothing that was committed to is overdue."
    ask.now = datetime(2027, 4, 1, tzinfo=UTC)
    assert "Sooner" not in (await ask("!commitments due") or "")
    assert "is for moderators" in (await ask("!commitments overdue") or "")
    said = await ask("!commitments overdue", by=MODERATOR) or ""
    assert said.startswith("- Sooner. – Kenya")
    assert said.count("!commitment ") == 1
    for typed in ("!commitments", "!commitment 2", "!commitments kenya"):
        assert "overdue" not in (await ask(typed) or ""), "nobody is shamed"


async def test_progress_goes_through_the_queue_in_one_line(ask: Conversation) -> None:
    number = await published(ask)
    said = await say(ask, f"commitment {number} progress substantial 40 officers are trained {EVIDENCE}")
    assert "The moderators have it now; they do not see who you are." in said
    assert f"substantial – 40 officers are trained – evidence ({EVIDENCE})" in said
    (queued,) = ask.posts
    assert queued.startswith("Submission 2 (report): waiting for the moderators\n\nAll police academies")
    assert "no report yet" in (await ask("!commitment 1") or ""), "not before the moderators agree"
    await ask("!approve 2", by=MODERATOR)
    assert list(ask.addressed) == ["moderation", "practices", "practices", AUTHOR]
    _, own, whole, news = ask.posts
    assert own.startswith("All police academies teach early warning. (!commitment 1)\nsubstantial – 40")
    assert f"- substantial (1 Dec 2026) – 40 officers are trained – evidence ({EVIDENCE})" in whole
    assert news.startswith("Your report is published – Commitment 1: substantial.")
    assert await ask("!commitment 1") == whole
    assert "– substantial (!commitment 1)" in (await ask("!commitments kenya") or "")


@pytest.mark.parametrize(
    ("typed", "level", "text"),
    [
        ("not started", "not started", None),
        ("limited: the first course is held", "limited", "the first course is held"),
        ("substantiel deux cours", "substantial", "deux cours"),
        ("no iniciado falta dinero", "not started", "falta dinero"),
        ("Complete all of it", "complete", "all of it"),
        ("done https://example.org/x.", "complete", ""),
    ],
)
async def test_levels_in_any_language(ask: Conversation, typed: str, level: str, text: str | None) -> None:
    await published(ask)
    said = await say(ask, f"commitment 1 progress {typed}")
    if text is None:
        assert said == "This one is needed.", "what was done, or why nothing was"
        return
    async with ask.database.read() as reader:
        one = await submissions.get(reader, 2)
    assert one is not None
    assert (one.fields["level"], one.fields["text"]) == (level, text)


async def test_reports_that_are_not_understood(ask: Conversation) -> None:
    await published(ask)
    assert "Something is missing: level, what was done, link to evidence." in await say(
        ask, "commitment 1 progress"
    )
    said = await say(ask, "commitment 1 progress substential 40 officers")
    assert "substential is none of these: not started, limited, substantial, complete." in said
    assert "Did you mean commitment progress 1 substantial …?" in said
    assert "For example: commitment progress 1 not started …" in await say(ask, "commitment 1 progress great news")
    assert "That has 301 characters" in await say(ask, "commitment 1 progress limited " + "x" * 301)
    assert "I did not understand progres." in await say(ask, "commitment 1 progres limited it began")
    assert "There is no commitment 7." in await say(ask, "commitment 7 progress limited it began")
    assert "This reads like a report of a violation" in await say(
        ask, "commitment 1 progress limited Fighters are killing people"
    )


async def test_only_the_author_reports_and_once(ask: Conversation) -> None:
    await told(ask)
    await say(ask, ask.buttons["✅"])
    mine, theirs = "commitment 1 progress limited it began", "There is no commitment 1."
    assert theirs in await say(ask, mine, by=OTHER), "before it is published nobody knows of it"
    assert "That cannot be done now: it is waiting for the moderators." in await say(ask, mine)
    await ask("!approve 1", by=MODERATOR)
    assert await say(ask, mine, by=OTHER) == "Only who made a commitment reports on it."
    assert await say(ask, mine, by=MODERATOR) == "Only who made a commitment reports on it."
    assert "The moderators have it now" in await say(ask, mine)
    assert "The moderators have this from you already." in await say(ask, mine)


async def test_where_two_moderators_must_agree_they_must_to_a_report_too(ask: Conversation) -> None:
    ask.use(PracticeSettings(two_moderators=["KE"]))
    await told(ask)
    await say(ask, ask.buttons["✅"])
    for number, typed in ((1, None), (2, "commitment 1 progress limited it began")):
        if typed:
            await say(ask, typed)
        assert "A second moderator must approve it, too." in (await ask(f"!approve {number}", by=MODERATOR) or "")
        assert "published" in (await ask(f"!approve {number}", by=SECOND) or "")


async def test_two_reports_are_alike_only_on_the_same_commitment(ask: Conversation) -> None:
    await published(ask)
    await published(ask, changed((4, "A law on prevention.")))
    await say(ask, "commitment 1 progress limited it began")
    await say(ask, "commitment 2 progress limited it began")
    assert "Much like it" not in ask.posts[0]
    await say(ask, "commitment 2 progress limited it goes on")
    assert "Much like it:\n\n- 4 Commitment 2: limited (report)" in ask.posts[0]


async def test_a_decision_that_changes_nothing_for_members_edits_nothing(ask: Conversation) -> None:
    await published(ask)
    await say(ask, "commitment 1 progress limited it began")
    for typed in ("!claim 2", "!reject 2 That is not so"):
        await ask(typed, by=MODERATOR)
        assert [post for post, to in zip(ask.posts, ask.addressed, strict=True) if to == "practices"] == [""]


async def test_who_reports_in_a_room_is_told_of_the_direct_chat(ask: Conversation) -> None:
    await published(ask)
    said = await ask("!commitment 1 progress limited it began", by=AUTHOR) or ""
    assert said.endswith("In a direct chat with me nobody else sees that it is you.")


async def test_a_report_that_is_taken_back_no_longer_counts(ask: Conversation) -> None:
    await published(ask)
    await report(ask, 1, f"limited it began {EVIDENCE}")
    await report(ask, 1, f"complete all is done {EVIDENCE}")
    assert "– complete (!commitment 1)" in (await ask("!commitments") or "")
    await say(ask, "practice withdraw 3")
    assert "– limited (!commitment 1)" in (await ask("!commitments") or "")
    assert list(ask.posts) == []
    await ask("!unpublish 2 It is not so", by=MODERATOR)
    assert list(ask.addressed) == ["moderation", "practices", "practices", AUTHOR]
    assert ask.posts[1] == "", "its message is taken back"
    assert ask.posts[2].endswith("How far it is: no report yet.")


async def test_a_commitment_that_is_withdrawn_takes_its_reports_with_it(ask: Conversation) -> None:
    await published(ask)
    await report(ask, 1, "limited it began")
    await say(ask, "commitment 1 progress substantial more of it")
    await say(ask, "practice withdraw 1")
    assert list(ask.addressed).count("practices") == 3
    assert all(not post for post, to in zip(ask.posts, ask.addressed, strict=True) if to == "practices")
    assert [post for post in ask.posts if post] == [
        "Submission 1 (commitment): withdrawn",
        "Submission 2 (report): withdrawn",
        "Submission 3 (report): withdrawn",
    ]
    assert "There is no commitment 1." in (await ask("!commitment 1") or "")
    assert "That cannot be done now: it is withdrawn." in await say(ask, "commitment 1 progress limited x")
    async with ask.database.read() as reader:
        assert await commitments.find(reader) == []


async def test_what_is_held_back_is_not_shown_and_a_report_on_it_neither(ask: Conversation) -> None:
    await published(ask)
    await say(ask, "commitment 1 progress limited it began")
    await ask("!hold 1", by=MODERATOR)
    assert "There is no commitment 1." in (await ask("!commitment 1") or "")
    await ask("!approve 2", by=MODERATOR)
    assert [post for post, to in zip(ask.posts, ask.addressed, strict=True) if to == "practices"] == [""]
    await ask("!release 1", by=MODERATOR)
    await ask("!approve 1", by=MODERATOR)
    assert "limited (1 Dec 2026) – it began" in (await ask("!commitment 1") or "")


@pytest.mark.parametrize("place", [2, 4, 7])
async def test_hostile_text_in_each_field(ask: Conversation, place: int) -> None:
    hostile = "@room <b>x</b>\0 [a](https://matrix.to/#/@a:b.c) \u202eabc ![i](mxc://a/b)"
    await published(ask, changed((place, hostile), (6, f"1 June 2027: {hostile}")))
    await report(ask, 1, f"limited {hostile} javascript:alert(1)")
    for typed in ("!commitment 1", "!commitments"):
        await ask(typed)
        assert ask.last is not None
        html = ask.last.html or ""
        for what in ("<b>x", "<img", "matrix.to/#", 'javascript:alert(1)"'):
            assert what not in html
        for what in ("@room", "\0", "\u202e"):
            assert what not in ask.last.body


async def test_reminders_are_planned_when_it_is_published_and_go_with_it(ask: Conversation) -> None:
    await told(ask)
    await say(ask, ask.buttons["✅"])
    assert await planned(ask) == []
    await ask("!approve 1", by=MODERATOR)
    assert await planned(ask) == [commitments.CHANGED]
    await say(ask, "practice withdraw 1")
    assert await planned(ask) == []


async def planned(ask: Conversation) -> list[str]:
    async with ask.database.read() as reader:
        found = await due.ready(reader, ask.now + timedelta(days=4000), 500)
    return [one.kind for one in found if one.kind in (commitments.CHANGED, commitments.REMIND)]


async def test_who_asks_to_be_forgotten_is(ask: Conversation) -> None:
    await published(ask)
    await report(ask, 1, "limited it began")
    assert "all police academies" not in (await say(ask, "mydata")).lower()
    data = ask.attachments[0].data.decode()
    assert "All police academies teach early warning." in data
    assert "it began" in data
    await say(ask, "forgetme yes")
    assert sorted(ask.addressed) == ["moderation"] * 2 + ["practices"] * 2
    assert all(not post for post, to in zip(ask.posts, ask.addressed, strict=True) if to == "practices")
    assert "There is no commitment 1." in (await ask("!commitment 1") or "")
    assert "There is no commitment 1." in await say(ask, "commitment 1 progress limited x")
    async with ask.database.read() as reader:
        assert await commitments.find(reader) == []
        assert {
            one.fields == {} for one in [await submissions.get(reader, 1), await submissions.get(reader, 2)] if one
        } == {True}
    assert await planned(ask) == []


async def test_a_year_by_level_and_region_as_a_picture(ask: Conversation) -> None:
    await published(ask)
    await published(ask, changed((3, "Ghana"), (4, "A course.")))
    await published(ask, changed((3, "Chile"), (4, "A law.")))
    await published(ask, changed((3, "general"), (4, "A fund.")))
    await report(ask, 2, "limited it began")
    await report(ask, 3, f"complete it is law {EVIDENCE}")
    assert await ask("!commitments year 2026") == (
        "4 commitments in 2026, by the last report of each:\n"
        "1 complete, 1 limited, 2 no report yet\n\n"
        "- Africa: 1 limited, 1 no report yet\n"
        "- Americas: 1 complete\n"
        "- no country in particular: 1 no report yet"
    )
    (attachment,) = ask.attachments
    assert attachment.data.startswith(b"\x89PNG")
    assert attachment.picture is not None
    assert attachment.picture.text.startswith("Commitments in 2026: Africa: 1 limited, 1 no report yet; Americas:")
    ask.now = datetime(2028, 3, 1, tzinfo=UTC)
    assert (await ask("!commitments year") or "").startswith("3 commitments in 2028"), (
        "what was met before is done"
    )
    assert "I show the years until now: !commitments year 2028." in (await ask("!commitments year 2030") or "")
    assert await ask("!commitments year 2025") == "No commitment stood in 2025."


async def test_what_was_met_is_in_the_digest_and_all_on_the_card_of_the_country(ask: Conversation) -> None:
    await published(ask)
    await published(ask, changed((4, "Newer.")))
    await published(ask, changed((4, "For members."), (9, "members of the community")))
    before = ask.now
    ask.now += timedelta(days=1)
    await report(ask, 3, f"complete all of it {EVIDENCE}")
    await report(ask, 1, f"complete all of it {EVIDENCE}")
    ask.now += timedelta(days=1)
    await report(ask, 1, f"complete still so {EVIDENCE}")
    async with ask.database.read() as reader:
        met = await commitments.met_since(reader, before, ask.now)
        assert [one.id for one in met] == [1, 3]
        assert await commitments.met_since(reader, ask.now - timedelta(hours=1), ask.now) == [], (
            "it was met before"
        )
    digest = await ask("!digest") or ""
    assert "Commitments that were met\n\n- All police academies teach early warning" in digest
    assert "- For members. – Kenya (!commitment 3)" in digest
    assert "Newer" not in digest
    card = await ask("!country kenya") or ""
    assert "Commitments\n\n- For members. – complete (!commitment 3, updated on 2 December 2026)" in card
    assert "- Newer. – no report yet (!commitment 2, updated on 1 December 2026)" in card
    assert "commitments" not in card.partition("Not on record here")[2]
    assert "commitments, practices" in (await ask("!country ghana") or "")


async def test_in_french_and_spanish(ask: Conversation) -> None:
    french = (
        "oui", "société civile", "passer", "Sénégal", "Une loi est votée.", "9 décembre 2027",
        "1er juin 2027 : le projet est écrit", "Elle est publiée.", "oui", "tout le monde",
    )  # fmt: skip
    spanish = (
        "sí", "sociedad civil", "omitir", "Colombia", "Se forma a cien docentes.", "9 de diciembre de 2027",
        "1 de junio de 2027: el programa está escrito", "La lista se publica.", "sí", "todo el mundo",
    )  # fmt: skip
    for language, begin, answers, again, words in (
        (
            "fr",
            "engagement prendre",
            french,
            "engagement 1 progrès limité le projet est lu",
            "jeudi 9 décembre 2027",
        ),
        (
            "es",
            "compromiso asumir",
            spanish,
            "compromiso 3 avance limitado ya hay programa",
            "jueves, 9 de diciembre",
        ),
    ):
        await say(ask, f"language {language}")
        await say(ask, begin)
        for answer in answers:
            said = await say(ask, answer)
        assert words in said
        number = int(ask.buttons["✅"].split()[-1])
        await say(ask, ask.buttons["✅"])
        await ask(f"!approve {number}", by=MODERATOR)
        assert words in ask.posts[1], "published in the language of its author"
        await say(ask, again)
        await ask(f"!approve {number + 1}", by=MODERATOR)
        assert f"limit{'é' if language == 'fr' else 'ado'} – " in ask.posts[1]
