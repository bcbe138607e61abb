"""Sharing, deciding and finding practices, as members and moderators type it."""

from __future__ import annotations

import pytest

from storage import audit, identities
from tests.commands.conftest import Conversation

AUTHOR, MODERATOR, SECOND = "@mia:example.org", "@mod:example.org", "@ana:example.org"
ANSWERS = (
    "yes",
    "Radio that warns early",
    "Kenya",
    "2",
    "civil society",
    "Hate speech before elections",
    "Local radio stations met each week and answered rumours on air.",
    "skip",
    "Fewer rumours were passed on; a survey in 2024 asked 400 listeners.",
    "skip",
    "skip",
    "yes",
    "yes",
    "organisation",
    "Radio Peace",
    "everybody",
    *("skip",) * 3,
)
ANONYMOUS = (*ANSWERS[:13], "anonymously", "members of the community", *("skip",) * 3)


@pytest.fixture(autouse=True)
def moderators(ask: Conversation) -> None:
    ask.moderators |= {MODERATOR, SECOND}


async def say(ask: Conversation, typed: str, by: str = AUTHOR) -> str:
    return await ask(typed, by=by, direct=True) or ""


async def told(ask: Conversation, answers: tuple[str, ...] = ANSWERS, by: str = AUTHOR) -> str:
    """Go through the talk and return the preview."""
    await say(ask, "practice share", by)
    said = ""
    for answer in answers:
        said = await say(ask, answer, by)
    return said


async def sent(ask: Conversation, answers: tuple[str, ...] = ANSWERS, by: str = AUTHOR) -> None:
    await told(ask, answers, by)
    await say(ask, ask.buttons["✅"], by)


async def test_in_a_room_nothing_is_said_of_the_topic(ask: Conversation) -> None:
    assert await ask("!practice share") == "I have asked you in a direct chat."
    assert ask.addressed == (AUTHOR,)
    assert "who do not see who you are" in ask.posts[0]


async def test_without_consent_nothing_goes_on_and_nothing_is_kept(ask: Conversation) -> None:
    await say(ask, "practice share")
    assert "I go on only with yes." in await say(ask, "maybe")
    assert "Dropped" in await say(ask, "cancel")
    assert "You have shared nothing yet." in await say(ask, "practice status")
    async with ask.database.read() as reader:
        assert await identities.known_pseudonym(reader, AUTHOR) is None


async def test_the_preview_is_what_is_published(ask: Conversation) -> None:
    said = await told(ask)
    assert "Radio that warns early\nKenya · national · civil society" in said
    assert "What it responds to: Hate speech before elections" in said
    assert "Shared by Radio Peace." in said
    assert "To be seen by everybody." in said
    card = said[said.index("Radio that warns") : said.index("Language:")].strip()
    await say(ask, ask.buttons["✅"])
    (post,) = ask.posts
    assert ask.addressed == ("moderation",)
    assert post.startswith("Submission 1 (practice): waiting for the moderators")
    assert card in post
    assert "mia" not in post
    await ask("!approve 1", by=MODERATOR)
    assert list(ask.addressed) == ["moderation", "practices", AUTHOR]
    queue, published, news = ask.posts
    assert queue.startswith("Submission 1 (practice): published")
    assert card.splitlines()[1:] == published.splitlines()[1:]
    assert news.startswith("Radio that warns early is published. Thank you for sharing it.")
    assert card.splitlines()[1:] == (await ask("!practice 1") or "").splitlines()[1:]


async def test_what_may_harm_is_pointed_out(ask: Conversation) -> None:
    answers = list(ANSWERS)
    answers[6] = (
        "Mr Example at mail@example.org, +254 700 000 000, -1.28333, 36.81667, called @someone:example.org."
    )
    said = await told(ask, tuple(answers))
    for what in ("an e-mail address", "a telephone number", "coordinates", "a Matrix address", "a person’s name"):
        assert f"- {what}: " in said
    assert "could it harm somebody?" not in await told(ask)


async def test_dates_and_years_are_no_telephone_numbers(ask: Conversation) -> None:
    answers = list(ANSWERS)
    answers[6], answers[-1] = "From 2019-2024, since 2019-06-01, 400 listeners in 47 counties.", "1 June 2028"
    said = await told(ask, tuple(answers))
    assert "To be looked at again by 1 June 2028." in said
    assert "could it harm somebody?" not in said


async def test_moderators_ask_for_changes_reject_and_hold_with_reasons(ask: Conversation) -> None:
    for _ in range(3):
        await sent(ask)
    assert "Something is missing: reason." in (await ask("!reject 1", by=MODERATOR) or "")
    await ask("!changes 1 Please say in which year it began", by=MODERATOR)
    assert "Please say in which year it began" in ask.posts[-1]
    await ask("!reject 2 This is news", by=MODERATOR)
    assert ask.posts[-1].startswith("The moderators do not take Radio that warns early: This is news")
    await ask("!hold 3", by=MODERATOR)
    assert "might harm somebody" in ask.posts[-1]
    assert "That cannot be done now: it is held back for safety." in (await ask("!approve 3", by=MODERATOR) or "")
    await ask("!release 3", by=MODERATOR)
    assert ask.posts[0].startswith("Submission 3 (practice): being read by a moderator")
    said = await say(ask, "practice status")
    assert said.count("Radio that warns early") == 3
    assert "not taken" in said


async def test_nobody_decides_on_their_own_and_no_member_decides(ask: Conversation) -> None:
    await sent(ask, by=MODERATOR)
    assert await ask("!approve 1", by=MODERATOR) == "Nobody decides on what they submitted themselves."
    for typed in ("approve 1", "reject 1 no", "hold 1", "queue", "history 1", "claim 1", "unpublish 1 no"):
        assert "for moderators" in (await ask(f"!{typed}") or ""), typed
    assert "Radio" in (await ask("!approve 1", by=SECOND) or "")


async def test_what_asks_for_anonymity_needs_two(ask: Conversation) -> None:
    await sent(ask, ANONYMOUS)
    said = await ask("!approve 1", by=MODERATOR) or ""
    assert "A second moderator must approve it" in said
    assert "practices" not in ask.addressed
    assert "You have approved this already." in (await ask("!approve 1", by=MODERATOR) or "")
    await ask("!approve 1", by=SECOND)
    assert "practices" in ask.addressed
    assert "Shared anonymously." in ask.posts[1]


async def test_the_queue_and_its_history(ask: Conversation) -> None:
    assert await ask("!queue", by=MODERATOR) == "Nothing waits."
    for _ in range(2):
        await sent(ask)
    assert (await ask("!queue", by=MODERATOR) or "").count("waiting for the moderators") == 2
    await ask("!claim 2", by=MODERATOR)
    assert "Read by" in ask.posts[0]
    assert (await ask("!queue mine", by=MODERATOR) or "").count("Radio") == 1
    assert await ask("!queue mine", by=SECOND) == "Nothing waits."
    await ask("!reject 2 This is news", by=SECOND)
    said = await ask("!history 2", by=MODERATOR) or ""
    assert [part.split(" – ")[1] for part in said.splitlines() if part] == [
        "a draft",
        "waiting for the moderators",
        "being read by a moderator",
        "not taken",
    ]
    assert said.endswith(": This is news")
    assert "example.org" not in said
    async with ask.database.read() as reader:
        assert await audit.verify(reader) is None


async def test_what_is_published_is_found_taken_down_and_withdrawn(ask: Conversation) -> None:
    for title in ("Radio that warns early", "Museums and memory", "Listening to elders"):
        await sent(ask, (ANSWERS[0], title, *ANSWERS[2:]))
    for number in (1, 2, 3):
        await ask(f"!approve {number}", by=MODERATOR)
    assert (await ask("!practices") or "").count("!practice") == 3
    assert (await ask("!practices museums") or "").count("!practice") == 1
    assert (await ask("!practices kenya") or "").count("!practice") == 3
    assert "No practice is on record for volcanoes." in (await ask("!practices volcanoes") or "")
    await ask("!unpublish 2 The situation has changed", by=MODERATOR)
    assert ask.posts[1] == "", "taken back in the practices room"
    assert "There is no practice 2." in (await ask("!practice 2") or "")
    assert "You have shared nothing with the number 1." in await say(
        ask, "practice withdraw 1", "@kofi:example.org"
    )
    assert "Withdrawn." in await say(ask, "practice withdraw 1")
    assert ask.posts[0] == "Submission 1 (practice): withdrawn"
    assert (await ask("!practices") or "").count("!practice") == 1


async def test_drafts_are_nobodys_business(ask: Conversation) -> None:
    await told(ask)
    for typed in ("approve 1", "history 1", "claim 1"):
        assert await ask(f"!{typed}", by=MODERATOR) == "There is no submission 1."
    assert "There is no practice 1." in (await ask("!practice 1") or "")
    assert "direct chat only" in (await ask("!practice status") or "")
    await say(ask, ask.buttons.get("❌", "practice withdraw 1"))
    assert ask.posts == ()


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script> <b>bold</b>",
        "@room everybody [click](https://matrix.to/#/@a:example.org) ![x](mxc://a/b)",
        "\u202egnp.exe \u200b\u200d zero \u2066width",
        "# heading\n\n> quote\n\n```code```",
    ],
)
async def test_hostile_text_is_shown_as_text(ask: Conversation, text: str) -> None:
    answers = (*ANSWERS[:6], text, text * 20, *ANSWERS[8:])
    await sent(ask, answers)
    await ask("!approve 1", by=MODERATOR)
    await ask("!practice 1")
    assert ask.last is not None
    shown = (ask.last.html or "").casefold()
    for tag in ("<script", "<b>", "<img", "<a ", "<h1", "<blockquote", "<code>bold"):
        assert tag not in shown
    assert "\u202e" not in ask.last.body


async def test_too_long_is_said(ask: Conversation) -> None:
    await say(ask, "practice share")
    await say(ask, "yes")
    assert "That has 200 characters; at most 120 fit here." in await say(ask, "x" * 200)
    assert "This one is needed." in await say(ask, "…")


async def test_in_french_and_spanish(ask: Conversation) -> None:
    await say(ask, "langue fr")
    said = await say(ask, "pratique partager")
    assert "Écrivez oui pour continuer." in said
    said = ""
    for answer in (
        *("oui", "La radio qui alerte", "Kenya", "2", "la société civile", "passer", "Des radios.", "passer"),
        *("Moins de rumeurs.", "passer", "passer", "oui", "oui", "avec le pays seulement", "tout le monde"),
        *("passer",) * 3,
    ):
        said = await say(ask, answer)
    assert "Kenya · national · la société civile" in said
    assert "Partagée depuis ce pays\u00a0: Kenya." in said
    await say(ask, ask.buttons["✅"])
    await ask("!approve 1", by=MODERATOR)
    assert ask.posts[-1].startswith("La radio qui alerte est publiée.")
    assert "Partagée depuis" in ask.posts[1], "in the language of the author"
    await ask("!idioma es")
    assert "Compartida desde Kenia." in (await ask("!práctica 1") or "")


async def test_an_author_sends_a_new_version_after_changes_were_asked_for(ask: Conversation) -> None:
    await sent(ask)
    await ask("!changes 1 Please say in which year it began", by=MODERATOR)
    said = await say(ask, "practice edit 1")
    for answer in (*("skip",) * 2, "Uganda", *("skip",) * 15):
        said = await say(ask, answer)
    assert "What may" not in said
    assert await say(ask, "skip") == "The moderators have the new version now. I tell you what becomes of it."
    assert ask.posts[0].startswith("Submission 1 (practice): waiting for the moderators")
    assert "Uganda · national" in ask.posts[0]
    assert "You have shared nothing with the number 1." in await say(ask, "practice edit 1", "@kofi:example.org")


async def test_a_new_version_of_what_is_published_waits_for_the_moderators(ask: Conversation) -> None:
    await sent(ask)
    await ask("!approve 1", by=MODERATOR)
    for reply in ("approve 1", "reject 1 The old one says more"):
        await say(ask, "practice edit 1")
        for answer in ("skip", f"New title for {reply[:3]}", *("skip",) * 17):
            await say(ask, answer)
        assert f"New title for {reply[:3]}" in ask.posts[0]
        assert f"New title for {reply[:3]}" not in (await ask("!practice 1") or ""), "not yet"
        await ask(f"!{reply}", by=MODERATOR)
        assert ("is published" if reply == "approve 1" else "do not take the new version") in ask.posts[-1]
    assert "New title for app" in (await ask("!practice 1") or "")


async def test_what_is_anonymous_is_not_changed_by_one_moderator_alone(ask: Conversation) -> None:
    await sent(ask, ANONYMOUS)
    for moderator in (MODERATOR, SECOND):
        await ask("!approve 1", by=moderator)
    assert "is not changed" in await say(ask, "practice edit 1")


async def test_searching_by_country_words_and_who_led_it(ask: Conversation) -> None:
    for title, country, leader in (
        ("Radio that warns early", "Kenya", "civil society"),
        ("Schools that remember", "Côte d'Ivoire", "academia"),
        ("Warnings by telephone", "Kenya", "academia"),
    ):
        await sent(ask, ("yes", title, country, "2", leader, *ANSWERS[5:]))
    for number in (1, 2, 3):
        await ask(f"!approve {number}", by=MODERATOR)
    for asked, numbers in (
        ("kenya", {1, 3}),
        ("kenya warning", {1, 3}),
        ("telephones kenya", {3}),
        ("ivory coast school", {2}),
        ("by academia", {2, 3}),
        ("warnings by academia", {3}),
        ("kenya by civil society", {1}),
        ("warnings rwanda", set()),
        ("school by civil society", set()),
    ):
        said = await ask(f"!practices {asked}") or ""
        assert {number for number in (1, 2, 3) if f"!practice {number}" in said} == numbers, asked
