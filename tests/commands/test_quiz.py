"""The quiz in a direct chat: five questions, sources after each, and what was not known comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from config.languages import SPOKEN
from storage import glossary, recall, talks
from storage.glossary import Concept, Definition, Source, Term
from tests.commands.conftest import NOW, Conversation

MIA = "@mia:example.org"
HEADS = {
    "en": ("Which term is this?", "What is "),
    "fr": ("Quel est ce terme\u202f?", "Comment dit-on "),
    "es": ("¿Qué término es este?", "¿Cómo se dice "),
}


async def say(ask: Conversation, typed: str) -> str:
    return await ask(typed, direct=True) or ""


async def going_on(ask: Conversation) -> talks.Talk | None:
    async with ask.database.read() as reader:
        return await talks.of(reader, MIA, ask.now)


async def asked(ask: Conversation) -> dict[str, Any]:
    """Return the question that waits for an answer, as it is stored."""
    talk = await going_on(ask)
    assert talk is not None
    one: dict[str, Any] = talk.answers["asked"][talk.step]
    return one


async def right(ask: Conversation) -> int:
    """Return the number of the right answer."""
    one = await asked(ask)
    return int(one["options"].index(one["concept"])) + 1


async def wrong(ask: Conversation) -> int:
    return await right(ask) % 3 + 1


async def cards(ask: Conversation) -> dict[str, recall.Card]:
    async with ask.database.read() as reader:
        return await recall.of(reader, MIA)


async def test_five_questions_with_sources_and_the_result_in_the_end(ask: Conversation) -> None:
    said = await say(ask, "quiz")
    for number in range(1, 6):
        assert f"({number} of 5) " in said
        one = await asked(ask)
        assert one["text"] in said
        for at, name in enumerate(one["names"], start=1):
            assert f"{at} {name}" in said.splitlines()
        assert list(ask.buttons) == ["1️⃣", "2️⃣", "3️⃣", "4️⃣"]
        name = one["names"][await right(ask) - 1]
        said = await say(ask, str(await right(ask)))
        assert said.startswith(f"Right: {name}")
        assert "\nSource" in said
        assert "checked" in said
    assert "5 of 5 were right. That is between you and me; I keep no score." in said
    assert said.endswith("Another five questions: quiz")
    assert await going_on(ask) is None


async def test_the_first_question_says_how_to_answer_and_how_to_stop(ask: Conversation) -> None:
    said = await say(ask, "quiz")
    assert said.endswith("Answer with the number, or ? if you do not know. stop ends the quiz.")
    assert "ends the quiz" not in await say(ask, "1")


async def test_in_a_room_it_asks_in_a_direct_chat(ask: Conversation) -> None:
    assert await ask("!quiz") == "I have asked you in a direct chat."
    assert ask.addressed == (MIA,)
    assert ask.posts[0].startswith("(1 of 5) ")


async def test_a_number_a_letter_the_term_or_a_reaction(ask: Conversation) -> None:
    await say(ask, "quiz")
    assert (await say(ask, f" {await right(ask)}. ")).startswith("Right: ")
    assert (await say(ask, "ABCD"[await right(ask) - 1])).startswith("Right: ")
    one = await asked(ask)
    assert (await say(ask, one["names"][await right(ask) - 1].upper())).startswith("Right: ")
    assert (await say(ask, f"{await right(ask)}\ufe0f\u20e3")).startswith("Right: ")
    key = list(ask.buttons)[await right(ask) - 1]
    assert (await ask.press(key) or "").startswith("Right: ")


async def test_what_is_no_answer_is_not_counted(ask: Conversation) -> None:
    await say(ask, "quiz")
    for typed in ("7", "0", "perhaps", "+ more", "z"):
        assert "Right" not in await say(ask, typed)
    assert await say(ask, "perhaps") == "Please answer with a number from 1 to 4."
    assert await cards(ask) == {}
    assert (await say(ask, str(await right(ask)))).startswith("Right: ")


async def test_a_wrong_answer_is_told_with_what_it_would_be(ask: Conversation) -> None:
    await say(ask, "quiz")
    one, number = await asked(ask), await wrong(ask)
    said = await say(ask, str(number))
    assert said.startswith(f"The answer is {one['names'][await _place(one)]}")
    assert f"{one['names'][number - 1]} is something else: term {one['names'][number - 1]}" in said
    assert "Source" in said


async def _place(one: dict[str, Any]) -> int:
    return int(one["options"].index(one["concept"]))


@pytest.mark.parametrize("typed", ["?", "skip"])
async def test_who_does_not_know_says_so(ask: Conversation, typed: str) -> None:
    await say(ask, "quiz")
    one = await asked(ask)
    said = await say(ask, typed)
    assert said.startswith("The answer is ")
    assert "something else" not in said
    assert (await cards(ask))[one["concept"]].box == 1


async def test_stop_in_all_its_forms(ask: Conversation) -> None:
    for typed in ("stop", "quiz stop", "cancel", "!quiz stop"):
        await say(ask, "quiz")
        await say(ask, "1")
        said = await say(ask, typed)
        assert said == "The quiz is over; you answered 1 question. quiz begins another.", typed
        assert await going_on(ask) is None
    assert await say(ask, "!quiz stop") == "No quiz is going on. quiz begins one."
    await say(ask, "quiz")
    assert "you answered 0 questions" in (await ask("!quiz stop") or ""), "from a room, too"


async def test_a_question_takes_one_answer(ask: Conversation) -> None:
    """Two devices press at once, somebody presses twice, or goes back to an old question."""
    await say(ask, "quiz")
    buttons = ask.buttons
    concept = (await asked(ask))["concept"]
    await ask.press(list(buttons)[await right(ask) - 1])
    before = await cards(ask)
    for command in buttons.values():
        said = await ask(f"!{command}", pressed=True)
        assert said == "That question was answered before, or its quiz is over. Nothing was counted."
    assert await cards(ask) == before
    assert before[concept].box == 2
    talk = await going_on(ask)
    assert talk is not None
    assert talk.step == 1


async def test_what_was_said_before_a_question_came_is_no_answer_to_it(ask: Conversation) -> None:
    await say(ask, "quiz")
    sent = ask.now + timedelta(seconds=3)
    ask.now += timedelta(seconds=5)  # the bot was down, and handles both now
    await ask("1", direct=True, said_at=sent)
    before = await cards(ask)
    said = await ask("1", direct=True, said_at=sent)
    assert said == "You wrote this before my question came, so I do not count it. Please answer question 2."
    assert await cards(ask) == before
    answer = str(await right(ask))
    assert (await ask(answer, direct=True, said_at=ask.now + timedelta(seconds=1)) or "").startswith("Right: ")
    assert "The quiz is over" in (await ask("stop", direct=True, said_at=sent) or ""), "that holds at any time"


async def test_a_kill_while_an_answer_is_stored_leaves_the_question_as_it_was(
    ask: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer, what comes back, and the next question are one transaction: all of it, or nothing."""
    await say(ask, "quiz")
    before = await asked(ask)

    async def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(talks, "put", killed)
    with pytest.raises(KeyboardInterrupt):
        await say(ask, "1")
    monkeypatch.undo()
    assert await cards(ask) == {}
    assert await asked(ask) == before
    await say(ask, "1")  # the inbox gives it again
    assert list(await cards(ask)) == [before["concept"]]
    assert "(3 of 5)" in await say(ask, "1")


async def test_an_edit_changes_no_answer(ask: Conversation) -> None:
    await say(ask, "quiz")
    await say(ask, str(await wrong(ask)))
    before = await cards(ask)
    said = await ask("2", direct=True, corrects="$2")
    assert said == "An answer counts as it was first given."
    assert await cards(ask) == before
    await say(ask, "stop")
    assert await ask("2", direct=True, corrects="$2") == "That talk is over, so nothing was changed."


async def test_nothing_goes_back(ask: Conversation) -> None:
    await say(ask, "quiz")
    await say(ask, "1")
    for typed in ("back", "preview", "save"):
        assert await say(ask, typed) == "Please answer with a number from 1 to 4."
    talk = await going_on(ask)
    assert talk is not None
    assert talk.step == 1


async def test_asked_again_it_goes_on_where_it_was(ask: Conversation) -> None:
    await say(ask, "quiz")
    await say(ask, "1")
    question = (await asked(ask))["text"]
    assert question in await say(ask, "!quiz")
    waits = "A quiz is going on in our direct chat; question 2 waits for your answer."
    assert await ask("!quiz") == waits
    assert ask.posts == (), "it is not asked again for that"
    early = ask.now - timedelta(seconds=1)
    assert await ask("!quiz", direct=True, said_at=early) == waits, "typed on two devices at once"


async def test_another_talk_is_not_dropped_for_a_quiz(ask: Conversation) -> None:
    await say(ask, "practice share")
    said = await say(ask, "!quiz")
    assert said == (
        "Something else is going on in our direct chat. Finish it, or type cancel there, and ask again."
    )
    talk = await going_on(ask)
    assert talk is not None
    assert talk.kind == "practice"


async def test_the_command_behind_the_buttons_can_be_typed(ask: Conversation) -> None:
    await say(ask, "quiz")
    assert (await say(ask, f"!{ask.buttons['1️⃣']}")).startswith(("Right", "The answer"))
    assert "Nothing was counted" in await say(ask, "!quiz answer 1-1 2")


# What comes back


async def _whole(ask: Conversation, *, knows: bool) -> list[str]:
    """Do a quiz, and return of which terms it asked."""
    await say(ask, "quiz")
    found = []
    for _ in range(5):
        found.append((await asked(ask))["concept"])
        await say(ask, str(await right(ask)) if knows else "?")
    return found


async def test_what_was_not_known_comes_back_from_tomorrow_on(ask: Conversation) -> None:
    first = await _whole(ask, knows=False)
    assert len(set(first)) == 5
    assert ask.last is not None
    assert "0 of 5 were right." in ask.last.body
    assert "This comes back from tomorrow on: " in ask.last.body
    assert not set(first) & set(await _whole(ask, knows=True)), "not on the same day"
    ask.now = NOW + timedelta(days=1)
    assert set(await _whole(ask, knows=True)) == set(first)


async def test_the_better_a_term_is_known_the_later_it_comes_back(ask: Conversation) -> None:
    first = await _whole(ask, knows=True)
    boxes = []
    for days in (3, 7, 21, 21):
        one = (await cards(ask))[first[0]]
        assert one.again_at == ask.now + timedelta(days=days)
        boxes.append(one.box)
        ask.now = one.again_at - timedelta(hours=1)
        assert first[0] not in await _whole(ask, knows=True)
        ask.now = one.again_at
        while first[0] not in await _whole(ask, knows=True):
            pass
    assert boxes == [2, 3, 4, 4]
    ask.now += timedelta(days=21)
    while first[0] not in await _whole(ask, knows=False):
        pass
    assert (await cards(ask))[first[0]].again_at == ask.now + timedelta(days=1)


async def test_what_comes_back_is_shown_and_erased(ask: Conversation) -> None:
    await _whole(ask, knows=True)
    said = await say(ask, "mydata")
    assert "which terms come back in your quizzes, and when (5)" in said
    (file,) = ask.attachments
    assert b'"again_at"' in file.data
    assert "which terms come back in your quizzes" in await say(ask, "forgetme")
    await say(ask, "forgetme yes")
    assert await cards(ask) == {}


async def test_nobody_sees_the_cards_of_another(ask: Conversation) -> None:
    await _whole(ask, knows=True)
    async with ask.database.read() as reader:
        assert await recall.of(reader, "@joe:example.org") == {}
    assert "1 of 5" in (await ask("quiz", by="@joe:example.org", direct=True) or "")


# Languages, and small glossaries


@pytest.mark.parametrize("language", SPOKEN)
async def test_in_three_languages(ask: Conversation, language: str) -> None:
    await say(ask, f"language {language}")
    said = await say(ask, {"en": "quiz", "fr": "questionnaire", "es": "cuestionario"}[language])
    assert any(head in said for head in HEADS[language])
    for _ in range(5):
        one = await asked(ask)
        assert one["language"] == language
        said = await say(ask, str(await right(ask)))
        assert said.startswith({"en": "Right: ", "fr": "Juste\u00a0: ", "es": "Correcto: "}[language])
    assert {"en": "5 of 5", "fr": "5 sur 5", "es": "5 de 5"}[language] in said
    await say(ask, "quiz")
    assert await going_on(ask) is None or await say(ask, {"en": "stop", "fr": "arrêter", "es": "parar"}[language])
    assert await going_on(ask) is None


async def test_a_glossary_that_is_too_small_has_no_quiz(ask: Conversation) -> None:
    concepts = [
        Concept(
            id=f"term-{number}",
            topic="crimes",
            terms=[Term(language="en", text=f"word {number}")],
            definitions=[Definition(language="en", text="What is meant.")],
            sources=[Source(document="A book")] if number else [],
        )
        for number in range(3)
    ]
    async with ask.database.write() as writer:
        await glossary.replace(writer, concepts, NOW)
    assert await say(ask, "quiz") == "The glossary has too few complete terms in this language for a quiz."
