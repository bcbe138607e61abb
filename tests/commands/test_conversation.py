"""Dialogues about everything but the glossary: help, languages, typing habits, errors, permissions."""

from __future__ import annotations

from types import ModuleType
from typing import Annotated

import pytest

from bot.repertoire import registry
from commands.arguments import Label, Language, Named, Rest
from commands.context import Context, Permission
from commands.errors import CommandError
from commands.registry import Registry, command
from commands.rendering import Markdown, escape
from storage import people
from tests.commands.conftest import NOW, Conversation


async def test_help_lists_what_this_person_may_run(ask: Conversation) -> None:
    said = await ask("!help")
    assert said is not None
    assert said.startswith("Glossary\n\n- !term <words> [in <language>] – Explain a term")
    assert "!language room" not in said
    ask.moderators.add("@mo:example.org")
    for_moderators = await ask("!help", by="@mo:example.org")
    assert for_moderators is not None
    assert "- !language room <language> – " in for_moderators


async def test_help_about_a_command(ask: Conversation) -> None:
    said = await ask("!help term")
    assert said is not None
    assert said.startswith("!term <words> [in <language>]\nExplain a term of the common working language.")
    assert "- !term genocide in French" in said
    assert said.endswith("Also: !terme (French), !término (Spanish)")
    assert await ask("!help !term") == said
    assert await ask("!help terme") == said


@pytest.mark.parametrize("language", ["en", "fr", "es"])
async def test_every_example_in_the_help_works(ask: Conversation, language: str) -> None:
    person = "@mo:example.org"
    ask.moderators.add(person)
    for declared in registry().commands:
        assert set(declared.examples) == {"en", "fr", "es"}
        for example in declared.examples[language]:
            await ask(f"!language {language}", by=person)

            said = await ask(f"!{example}", by=person)
            assert said is not None

            assert ask.command == declared.name, example
            assert f"!{declared.examples[language][0]}\n" not in f"{said}\n" or declared.name == "help", said


async def test_a_page_that_is_no_number(ask: Conversation) -> None:
    said = await ask("!terms justice page x")
    assert said is not None
    assert said.startswith("x is not a number.")


async def test_a_tab_is_a_space(ask: Conversation) -> None:
    said = await ask("!term a\tb zz")
    assert said is not None
    assert "a b zz" in said


async def test_help_about_nothing_known(ask: Conversation) -> None:
    assert await ask("!help trem") == "I don't know !trem. Did you mean !help term?"
    assert await ask("!help xyzzy") == "I don't know !xyzzy. !help lists what I can do."


async def test_a_typo_gets_one_suggestion(ask: Conversation) -> None:
    assert await ask("!trem genocide") == "I don't know !trem. Did you mean !term?"
    assert await ask("!hlep") == "I don't know !hlep. Did you mean !help?"
    assert await ask("!qqqqqq") == "I don't know !qqqqqq. !help lists what I can do."


async def test_a_suggestion_is_never_what_this_person_may_not_run(ask: Conversation) -> None:
    said = await ask("!languag rom fr")
    assert said == "I don't know !languag. Did you mean !language?"
    ask.moderators.add("@mo:example.org")
    said = await ask("!languag room fr", by="@mo:example.org")
    assert said == "I don't know !languag. Did you mean !language room?"


@pytest.mark.parametrize(
    "typed", ["hello", "", "!", "! help", "!!", "!?", "!42", "GAAMAC is a community", "I said !help"]
)
async def test_what_is_not_for_the_bot_is_not_answered(ask: Conversation, typed: str) -> None:
    assert await ask(typed) is None


@pytest.mark.parametrize(
    "typed",
    [
        "!status",
        "!STATUS",
        "  !status  ",
        "\u200b!status\u200b",
        "!status\u00a0",
        "！status",
        "!estado",
        "!état",
        "!etat",
        "!e\u0301tat",
        "GAAMAC: status",
        "gaamac, status",
        "@gaamac:example.org status",
        "@gaamac:example.org: !status",
    ],
)
async def test_ways_to_type_a_command(ask: Conversation, typed: str) -> None:
    said = await ask(typed)
    assert said is not None
    assert said.startswith("gaamac-bot 1.2.3, running for")
    assert "I dropped 2 malformed Matrix events." in said


async def test_a_mention_is_a_prefix(ask: Conversation) -> None:
    said = await ask("GAAMAC status", mentioned=True)
    assert said is not None
    assert said.startswith("gaamac-bot 1.2.3")
    alone = await ask("GAAMAC", mentioned=True)
    assert alone is not None
    assert alone.startswith("Glossary")


async def test_a_direct_chat_needs_no_prefix(ask: Conversation) -> None:
    said = await ask("term genocide", direct=True)
    assert said is not None
    assert said.startswith("Genocide")
    assert await ask("hello", direct=True) == "I don't know hello. help lists what I can do."
    assert await ask("term", direct=True) == (
        "Something is missing: words.\n\nUsage: term <words> [in <language>]\nFor example: term genocide"
    )


async def test_a_person_chooses_a_language(ask: Conversation) -> None:
    assert await ask("!language") == (
        "I answer you in English. You can choose: !language en (English), !language fr (français), "
        "!language es (español)."
    )
    french = await ask("!language fr")
    assert french is not None
    assert "français" in french
    assert french != "From now on I answer you in français."
    said = await ask("!term genocide")
    assert said is not None
    assert said.startswith("Génocide")
    other = await ask("!term genocide", by="@other:example.org")
    assert other is not None
    assert other.startswith("Genocide")
    spanish = await ask("!langue espagnol")
    assert spanish is not None
    assert "español" in spanish


async def test_a_language_that_is_not_spoken(ask: Conversation) -> None:
    said = await ask("!language sw")
    assert said is not None
    assert said.startswith("I do not speak Swahili yet. You can choose: !language en (English)")
    said = await ask("!language klingonish")
    assert said is not None
    assert said.startswith("I do not know a language called klingonish.\n\nUsage: !language [<language>]")


async def test_the_language_of_a_room_is_for_its_moderators(ask: Conversation) -> None:
    said = await ask("!language room fr")
    assert said is not None
    assert said.startswith("!language room is for moderators of this room.")
    ask.moderators.add("@mo:example.org")
    await ask("!language room fr", by="@mo:example.org")
    now_french = await ask("!term genocide")
    assert now_french is not None
    assert now_french.startswith("Génocide")
    await ask("!language en")
    back = await ask("!term genocide")
    assert back is not None
    assert back.startswith("Genocide")


async def test_too_many_words(ask: Conversation) -> None:
    said = await ask("!language fr now")
    assert said is not None
    assert said.startswith("I did not understand now.")


# A registry of its own, to see what happens when commands misbehave.

odd = ModuleType("odd")


@command("explode", topic="bot", examples={"en": ("explode",)})
async def explode(_ctx: Context) -> Markdown:
    """Fail."""
    msg = "secret text of a member"
    raise RuntimeError(msg)


@command("half", topic="bot", examples={"en": ("half",)}, writes=True)
async def half(ctx: Context) -> Markdown:
    """Write something, then refuse."""
    await people.choose_language(ctx.writer, ctx.asker.user_id, "fr", NOW)
    raise CommandError(ctx.text("No."))


@command("crash", topic="bot", examples={"en": ("crash",)}, writes=True)
async def crash(ctx: Context) -> Markdown:
    """Write something, then fail."""
    await people.choose_language(ctx.writer, ctx.asker.user_id, "fr", NOW)
    raise RuntimeError


@command("peek", topic="bot", examples={"en": ("peek",)})
async def peek(ctx: Context) -> Markdown:
    """Try to write without having said so."""
    await people.choose_language(ctx.writer, ctx.asker.user_id, "fr", NOW)
    return Markdown("written")


@command("secret", topic="bot", examples={"en": ("secret",)}, permission=Permission.MODERATOR)
async def secret(_ctx: Context) -> Markdown:
    """Be only for moderators."""
    return Markdown("ok")


@command("echo", topic="bot", examples={"en": ("echo 1 a",)})
async def echo(
    _ctx: Context,
    number: int,
    word: str,
    language: Annotated[Language | None, Named({"en": ("in",)})] = None,
    rest: Annotated[Rest | None, Label("the rest")] = None,
) -> Markdown:
    """Say back what was understood."""
    return escape(f"{number}|{word}|{language}|{rest}")


for function in (explode, half, crash, peek, secret, echo):
    setattr(odd, function.__name__, function)


@pytest.fixture
async def odd_ask(ask: Conversation) -> Conversation:
    return Conversation(ask.database, Registry([odd]))


async def test_an_error_is_answered_with_a_reference(
    odd_ask: Conversation, capsys: pytest.CaptureFixture[str]
) -> None:
    said = await odd_ask("!explode")
    assert said is not None
    assert said.startswith("Something went wrong on my side; nothing was changed.")
    reference = said.rpartition(": ")[2].rstrip(".")
    assert reference in capsys.readouterr().out


@pytest.mark.parametrize("typed", ["!half", "!crash", "!peek"])
async def test_what_a_failed_command_wrote_is_rolled_back(odd_ask: Conversation, typed: str) -> None:
    await odd_ask(typed)
    async with odd_ask.database.read() as reader:
        voice = await people.voice(reader, "@mia:example.org", "!x")
    assert voice.person is None


async def test_a_command_for_moderators(odd_ask: Conversation) -> None:
    assert await odd_ask("!secret") == "!secret is for moderators. Ask one of them in the community room."
    odd_ask.moderators.add("@mia:example.org")
    assert await odd_ask("!secret") == "ok"


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("!echo 1 a", "1|a|None|None"),
        ("!echo #12 «deux mots»", "12|deux mots|None|None"),
        ("!echo 1 “two words” and more", "1|two words|None|and more"),
        ("!echo 1 l'homme in French", "1|l'homme|fr|None"),
        ("!echo 1 x life in exile", "1|x|None|life in exile"),
        ('!echo 1 "never closed', '1|"never|None|closed'),
    ],
)
async def test_arguments(odd_ask: Conversation, typed: str, understood: str) -> None:
    assert await odd_ask(typed) == understood


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("!echo", "Something is missing: number."),
        ("!echo one a", "one is not a number."),
        ("!echo ١ a", "١ is not"),
    ],
)
async def test_arguments_not_understood(odd_ask: Conversation, typed: str, complaint: str) -> None:
    said = await odd_ask(typed)
    assert said is not None
    assert said.startswith(complaint)
    assert said.endswith("For example: !echo 1 a")
