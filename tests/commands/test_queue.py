"""What moderators do with what waits: taking, asking, reviewing, deciding for later; and what is recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest

from commands import queue_week
from commands.attachment import Reply
from commands.context import Asker
from commands.rendering import render
from commands.respond import Responder
from config.settings import PracticeSettings
from storage import audit, due, glossary, submissions
from tests.commands.conftest import Conversation
from tests.commands.test_practices import ANSWERS, AUTHOR, MODERATOR, SECOND, say, sent, told


@pytest.fixture(autouse=True)
def moderators(ask: Conversation) -> None:
    ask.moderators |= {MODERATOR, SECOND}


async def test_a_button_that_needs_a_reason_asks_for_it_in_a_direct_chat(ask: Conversation) -> None:
    await sent(ask)
    assert await ask("!reject 1", by=MODERATOR, pressed=True) == "I have asked you in a direct chat."
    assert "Why is Radio that warns early not taken? The author reads what you write." in ask.posts[0]
    assert "not taken" in await say(ask, "This is news, and no practice", MODERATOR)
    assert ask.posts[-1].startswith("The moderators do not take Radio that warns early: This is news")
    await sent(ask, (ANSWERS[0], "Another radio", *ANSWERS[2:]))
    await ask("!changes 2", by=MODERATOR, pressed=True)
    ask.moderators.discard(MODERATOR)
    assert await say(ask, "More, please", MODERATOR) == "This is for moderators."


async def test_the_queue_by_who_has_what(ask: Conversation) -> None:
    for title in ("One practice", "Another matter", "The third thing"):
        await sent(ask, (ANSWERS[0], title, *ANSWERS[2:]))
    await ask("!claim 2", by=MODERATOR)
    await ask("!hold 3", by=MODERATOR)
    waiting = await ask("!queue waiting", by=SECOND) or ""
    assert "One practice" in waiting
    assert "Another matter" not in waiting
    assert "The third thing (practice) – held back for safety" in (await ask("!queue", by=SECOND) or "")


async def test_the_checklist(ask: Conversation) -> None:
    await sent(ask)
    assert "6. It harms nobody if everybody reads it." in (await ask("!review 1", by=MODERATOR) or "")
    said = await ask("!review 1 6 no It names a village", by=MODERATOR) or ""
    assert "It harms nobody if everybody reads it. – no: It names a village" in said
    assert "Checklist: 0 yes, 1 no, 0 unsure, 11 open" in ask.posts[0]
    said = await ask("!approve 1", by=SECOND) or ""
    assert "The checklist says no to: It harms nobody if everybody reads it." in said
    await ask("!review 1 6 yes", by=SECOND)
    said = await ask("!review 1 yes", by=SECOND) or ""
    assert "Checklist: 12 yes, 0 no, 0 unsure, 0 open" in said
    assert "Nothing is open." in (await ask("!review 1 yes", by=SECOND) or "")
    for typed in ("13 yes", "6 perhaps", "maybe"):
        assert "I did not understand" in (await ask(f"!review 1 {typed}", by=SECOND) or ""), typed
    await ask("!approve 1", by=SECOND)
    assert "practices" in ask.addressed


async def test_notes_questions_and_answers_without_a_name(ask: Conversation) -> None:
    await sent(ask)
    assert "Noted." in (await ask("!note 1 I know this radio", by=MODERATOR) or "")
    await ask("!ask 1 May we name the radio?", by=MODERATOR)
    assert ask.addressed == (AUTHOR,)
    assert "May we name the radio?" in ask.posts[0]
    assert MODERATOR not in ask.posts[0]
    assert "They do not see who you are." in await say(ask, "practice reply 1 Yes, please do")
    assert ask.addressed == ("moderation",)
    assert ask.posts[0] == "The author of submission 1 answers:\n\nYes, please do"
    assert "You have shared nothing" in await say(ask, "practice reply 1 Hello", "@kofi:example.org")
    assert "a note" in (await ask("!history 1", by=SECOND) or "")


async def test_decided_now_and_published_later(ask: Conversation) -> None:
    await sent(ask)
    assert "Please say at which hour" in (await ask("!approve 1 on 9 December 2027", by=MODERATOR) or "")
    said = await ask("!approve 1 on 9 December 2027 9:00", by=MODERATOR) or ""
    assert "It is published on 9 Dec 2027" in said
    assert "practices" not in ask.addressed
    async with ask.database.read() as reader:
        (one,) = [
            each for each in await due.ready(reader, ask.now + timedelta(days=3650), 500) if each.subject == "1"
        ]
        assert one.kind == "publish_submission"
    assert "To be published on 9 Dec 2027" in ask.posts[0]
    assert "Radio that warns early is approved. It is published on 9 Dec 2027" in ask.posts[-1]
    await ask("!approve 1", by=SECOND)
    assert "practices" in ask.addressed, "at once after all"
    assert "To be published on" not in ask.posts[0]


async def test_a_country_on_the_list_needs_two(ask: Conversation) -> None:
    ask.use(PracticeSettings(two_moderators=["KE"]))
    await sent(ask)
    assert "Two moderators must approve it; so far 0. It names Kenya." in ask.posts[0]
    assert "A second moderator must approve it" in (await ask("!approve 1", by=MODERATOR) or "")
    assert "You have approved this already." in (await ask("!approve 1", by=MODERATOR) or "")
    await ask("!approve 1", by=SECOND)
    assert "practices" in ask.addressed
    named = list(ANSWERS)
    named[2], named[5] = "general", "Rumours as in Kenya in 2007"
    await sent(ask, tuple(named))
    assert "A second moderator" in (await ask("!approve 2", by=MODERATOR) or ""), "also named in a text"


async def test_what_is_much_like_something_is_shown_before_the_decision(ask: Conversation) -> None:
    await sent(ask)
    await ask("!approve 1", by=MODERATOR)
    await sent(ask, by="@kofi:example.org")
    assert "Much like it:\n\n- 1 Radio that warns early (practice): published" in ask.posts[0]
    await sent(ask, (ANSWERS[0], "Museums and memory", *ANSWERS[2:6], "Schools visit a museum.", *ANSWERS[7:]))
    assert "Much like it" not in ask.posts[0]


async def test_attempts_of_who_may_not_are_recorded(ask: Conversation) -> None:
    await sent(ask)
    for person, pressed in (("@kofi:example.org", True), (AUTHOR, False)):
        assert "for moderators" in (await ask("!approve 1", by=person, pressed=pressed) or "")
    said = await ask("!history 1", by=MODERATOR) or ""
    assert said.count("refused to somebody who is no moderator") == 2
    assert "kofi" not in said
    async with ask.database.read() as reader:
        assert await audit.verify(reader) is None
        one = await submissions.get(reader, 1)
        assert one is not None
        assert one.state == "submitted"


async def test_a_challenge_shows_what_may_answer_it(ask: Conversation) -> None:
    await sent(ask)
    await ask("!approve 1", by=MODERATOR)
    assert (
        await ask("!challenges")
        == "No challenge is open.\n\nDo you have a question to the community? !challenge ask"
    )
    await say(ask, "challenge ask")
    for answer in ("yes", "How did others answer rumours on local radio stations?", "skip", "general", "yes", "4"):
        said = await say(ask, answer)
    assert "These practices may help:\n\n- Radio that warns early" in said
    await say(ask, ask.buttons["✅"])
    assert ask.posts[0].startswith("Submission 2 (challenge): waiting")
    await ask("!approve 2", by=MODERATOR)
    await ask("!approve 2", by=SECOND)
    published = ask.posts[ask.addressed.index("practices")]
    assert "Write it into the thread of this message" in published
    assert "How did others answer rumours" in (await ask("!challenges radio") or "")
    assert "No challenge is open for volcanoes." in (await ask("!challenges volcanoes") or "")
    assert "Radio that warns early" in (await ask("!challenge 2") or "")
    assert "There is no challenge 1." in (await ask("!challenge 1") or "")
    assert "There is no practice 2." in (await ask("!practice 2") or "")


async def test_a_term_goes_through_the_queue_into_the_glossary(ask: Conversation) -> None:
    await ask("!term suggest")
    for answer in (
        "Rumour desk",
        "A group that answers rumours.",
        "UNESCO, https://example.org/desk",
        "Prevention",
    ):
        said = await say(ask, answer)
    assert "they do not see who you are" in said
    assert "Rumour desk\nA group that answers rumours." in ask.posts[0]
    await ask("!approve 1", by=MODERATOR)
    assert "Rumour desk is in the glossary now." in ask.posts[-1]
    said = await ask("!term rumour desk") or ""
    assert "A group that answers rumours." in said
    assert "not yet checked by a moderator" in said
    assert "it is in the glossary" in (await ask("!unpublish 1 no", by=MODERATOR) or "")
    for typed in ("practice withdraw 1", "practice edit 1"):
        assert "it is in the glossary" in await say(ask, typed)
    async with ask.database.read() as reader:
        count = len(await glossary.every(reader))
    await say(ask, "term suggest")
    for answer in ("rumour desk", "People who answer rumours.", "UNESCO", "Prevention"):
        await say(ask, answer)
    assert "On record now: A group that answers rumours." in ask.posts[0]
    await ask("!approve 2", by=MODERATOR)
    assert "People who answer rumours." in (await ask("!term rumour desk") or "")
    async with ask.database.read() as reader:
        assert len(await glossary.every(reader)) == count, "mended, not added"


async def test_a_correction_and_an_event_go_through_the_queue(ask: Conversation) -> None:
    await ask("!focal suggest kenya The office moved, see https://example.org/office")
    assert ask.posts[0].startswith("Submission 1 (correction): waiting")
    assert "!focal set Kenya …" in ask.posts[0]
    await ask("!approve 1", by=MODERATOR)
    assert "What you suggested for Kenya is on record now." in ask.posts[-1]
    typed = '!event suggest 10 March 2027 10:00 Nairobi "Museums and memory" training'
    assert "I understood:" in (await ask(typed) or "")
    assert "The moderators have this from you already." in (await ask(typed) or "")
    await ask("!approve 2", by=MODERATOR)
    assert "Museums and memory is in the calendar now." in ask.posts[-1]
    assert "Museums and memory" in (await ask("!events museums") or "")


async def test_what_waits_too_long_and_the_week(ask: Conversation) -> None:
    responder = Responder(ask.database, ask.registry, "en")
    there = Asker("", "!moderators:example.org", direct=False, prefix="!")

    async def said() -> tuple[str | None, Reply | None]:
        async with ask.database.read() as reader:
            ctx = await responder.context(reader, there, ask.now, moderation=there)
            waits = await queue_week.nudge(ctx)
            return render(waits).body if waits else None, await queue_week.week(ctx)

    assert await said() == (None, None)
    for title in ("One practice", "Another matter", "The third thing"):
        await sent(ask, (ANSWERS[0], title, *ANSWERS[2:]))
    ask.now += timedelta(hours=5)
    await ask("!approve 1", by=MODERATOR)
    ask.now += timedelta(days=3)
    await ask("!reject 2 News", by=MODERATOR)
    nudge, week = await said()
    assert nudge is not None
    assert nudge.startswith("1 submission waits for longer than it should:\n\n- 3 The third thing")
    assert week is not None
    body = render(week.text).body
    assert "3 received, 2 decided, 1 waiting." in body
    assert "Median time to a decision: 1 day 17 hours." in body
    picture = week.attachments[0]
    assert picture.data.startswith(b"\x89PNG")
    assert picture.picture is not None
    assert picture.picture.text.endswith("0, 0; 3, 2")


async def test_reports_of_violations_are_not_kept_and_shown_where_to_turn(ask: Conversation) -> None:
    await ask("!reports set en OHCHR takes reports: https://www.ohchr.org", by=MODERATOR)
    await ask("!signalements définir fr Le HCDH reçoit des signalements", by=MODERATOR)
    await say(ask, "practice share")
    for answer in ANSWERS[:6]:
        await say(ask, answer)
    for text in (
        "Soldiers are killing people in my village right now, please help",
        "They are being tortured",
        "Ils sont en train de tuer des gens",
        "Están matando a la gente",
        "The people were killed by General Example",
        "John Example is the perpetrator",
    ):
        said = await say(ask, text)
        assert said.startswith("This reads like a report"), text
        assert "OHCHR takes reports: https://www.ohchr.org" in said
    assert "(8 of" in await say(ask, "After the killings of 2007 the stations answered rumours.")
    await say(ask, "!langue fr")
    assert "Le HCDH reçoit" in (await ask("!signalements") or "")
    assert "for moderators" in (await ask("!reports set en Nowhere", by="@kofi:example.org") or "")


async def test_under_the_chatham_house_rule_nobody_is_named_or_counted(ask: Conversation) -> None:
    await sent(ask)
    await ask("!approve 1", by=MODERATOR)
    assert "Shared by Radio Peace." in (await ask("!practice 1") or "")
    assert "for moderators of this room" in (await ask("!chatham on") or "")
    assert "does not hold" in (await ask("!chatham", by=MODERATOR) or "")
    assert "The Chatham House Rule holds in this room" in (await ask("!chatham on", by=MODERATOR) or "")
    assert "Radio Peace" not in (await ask("!practice 1") or "")
    await ask('!event suggest 10 March 2027 10:00 Nairobi "Museums and memory" training')
    await ask("!approve 2", by=MODERATOR)
    number = (await ask("!events museums") or "").rpartition("!event ")[2].split()[0].strip(")")
    assert "I take down nothing here" in (await ask(f"!event going {number}") or "")
    assert "goes" not in (await ask(f"!event {number}") or "")
    await ask("!chatham off", by=MODERATOR)
    assert "Radio Peace" in (await ask("!practice 1") or "")


async def test_a_draft_is_seen_by_nobody_when_its_author_is_forgotten(ask: Conversation) -> None:
    await told(ask)
    await say(ask, "forgetme yes")
    assert ask.posts == ()


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "fr",
            {
                "file": "Radio that warns early (pratique) – en attente",
                "relire 1 oui": "Liste de contrôle\u202f: 12 oui",
                "annoter 1 Je connais cette radio": "Noté.",
                "demander 1 Peut-on nommer la radio ?": "Transmis.",
                "approuver 1 le 9 décembre 2027 à 9h": "Approuvé. Publication le",
                "historique 1": "une note",
                "règle chatham oui": "La règle de Chatham House s’applique",
                "signalements": "Ne signalez pas de violations ici",
                "défis": "Aucun défi n’est ouvert.",
            },
        ),
        (
            "es",
            {
                "cola": "Radio that warns early (práctica)",
                "revisar 1 sí": "Lista de control: 12 sí",
                "nota 1 Conozco esta radio": "Anotado.",
                "preguntar 1 ¿Podemos nombrar la radio?": "Transmitido.",
                "aprobar 1 el 9 de diciembre de 2027 a las 9:00": "Aprobado. Se publica el",
                "historial 1": "una nota",
                "regla chatham sí": "vale la regla de Chatham House",
                "denuncias": "No denuncie violaciones aquí",
                "retos": "No hay ningún reto abierto.",
            },
        ),
    ],
)
async def test_moderators_in_french_and_spanish(ask: Conversation, language: str, said: dict[str, str]) -> None:
    await sent(ask)
    await ask(f"!language {language}", by=MODERATOR)
    for typed, words in said.items():
        assert words.replace("\u202f", "").replace("\u00a0", "") in (
            await ask(f"!{typed}", by=MODERATOR) or ""
        ).replace("\u202f", "").replace("\u00a0", ""), typed
