"""The catalogues: complete in every language, alike in what they hold, and well set."""

from __future__ import annotations

import io
import re
from collections import Counter
from string import Formatter

import pytest
from babel.messages import Catalog, Message, pofile

from bot.messages import template
from commands.rendering import escape, render
from config.languages import SPOKEN, TRANSLATIONS

CODE = re.compile(r"`[^`]*`")
MARKERS = re.compile(r"\*\*|\*|__|_|`")
NO_BREAK = "\u00a0"
NARROW_NO_BREAK = "\u202f"


def forms_of(text: object) -> tuple[str, ...]:
    """Return the forms of an id or of a translation: one, or one for each plural form."""
    if isinstance(text, (list, tuple)):
        return tuple(one or "" for one in text)
    return (str(text or ""),)


def placeholders(text: str) -> Counter[str]:
    """Return the names of the placeholders, also of those that stand twice."""
    return Counter(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def prose(text: str) -> str:
    """Return a text with something simple for each placeholder and each code span."""
    return re.sub(r"\{\w*\}", "x", CODE.sub("x", text))


def read(language: str) -> Catalog:
    with (TRANSLATIONS / f"{language}.po").open("rb") as file:
        return pofile.read_po(file, locale=language, abort_invalid=True)


def written(language: str, text: str) -> Catalog:
    """Return the catalogue that stands in `text`."""
    return pofile.read_po(io.BytesIO(text.encode()), locale=language, abort_invalid=True)


def lacking(catalogue: Catalog, messages: Catalog) -> list[str]:
    """Tell how a catalogue differs from the messages of the source."""
    wanted = {forms_of(message.id) for message in messages if message.id}
    had = {forms_of(message.id): message for message in catalogue if message.id}
    found = [f"missing: {' / '.join(one)}" for one in sorted(wanted - had.keys())]
    found += [f"not in the source: {' / '.join(one)}" for one in sorted(had.keys() - wanted)]
    found += [f"obsolete: {message.id}" for message in catalogue.obsolete.values()]
    for one, message in had.items():
        expected = catalogue.num_plurals if len(one) > 1 else 1
        forms = forms_of(message.string)
        if len(forms) != expected or not all(form.strip() for form in forms):
            found.append(f"not translated: {' / '.join(one)}")
        if message.fuzzy:
            found.append(f"fuzzy: {' / '.join(one)}")
    return found


def distorted(message: Message) -> list[str]:
    """Tell what a translation holds more, or less, than its message: placeholders and signs of markup."""
    found = []
    ids = forms_of(message.id)
    for number, form in enumerate(forms_of(message.string)):
        # A singular may say "one" without its number; every other form needs what the plural needs.
        models = (ids[0], ids[-1]) if number == 0 else (ids[-1],)
        if placeholders(form) not in [placeholders(model) for model in models]:
            found.append(f"other placeholders: {form}")
        if Counter(MARKERS.findall(prose(form))) not in [
            Counter(MARKERS.findall(prose(model))) for model in models
        ]:
            found.append(f"other markup: {form}")
    return found


def ill_formed(text: str) -> list[str]:
    """Tell what is wrong with a text in whichever language."""
    found = []
    if any(placeholders(span) for span in CODE.findall(text)):
        found.append("a placeholder inside backticks; its value is a code span already")
    if any(count % 2 for count in Counter(MARKERS.findall(re.sub(r"\{\w*\}", "x", text))).values()):
        found.append("Markdown that is opened and not closed")
    if "!" in prose(text) or "¡" in text:
        found.append("an exclamation mark")
    if text != text.strip() or "  " in text:
        found.append("a superfluous space")
    return found


def ill_set(language: str, text: str) -> list[str]:
    """Tell what is wrong with a text by the typography of its language."""
    bare = prose(text)
    found = []
    if language == "fr":
        space = f"[{NO_BREAK}{NARROW_NO_BREAK}]"
        if re.search(rf"(?<!{space})[:;?»]", bare) or re.search(rf"«(?!{space})", bare):
            found.append("no non-breaking space")
        if bare.count("«") != bare.count("»"):
            found.append("guillemets that do not match")
        if re.search(r"[\"'“”]", bare):
            found.append("quotation marks or apostrophes that are not French")
    elif language == "es":
        if bare.count("¿") != bare.count("?"):
            found.append("a question that is opened or closed only")
        if re.search(r"[\"']", bare) or re.search(rf"[\s{NO_BREAK}][:;?]", bare):
            found.append("typography that is not Spanish")
    return found


@pytest.fixture(scope="module")
def messages() -> Catalog:
    return template()


@pytest.mark.parametrize("language", SPOKEN)
def test_every_message_is_there_in_every_language(language: str, messages: Catalog) -> None:
    assert lacking(read(language), messages) == []


def test_english_says_what_the_source_says() -> None:
    other = [
        message.id for message in read("en") if message.id and forms_of(message.id) != forms_of(message.string)
    ]
    assert other == []


@pytest.mark.parametrize("language", SPOKEN)
def test_translations_hold_what_their_messages_hold(language: str) -> None:
    assert [fault for message in read(language) if message.id for fault in distorted(message)] == []


@pytest.mark.parametrize("language", SPOKEN)
def test_translations_are_well_formed_and_well_set(language: str) -> None:
    faults = [
        f"{fault}: {form}"
        for message in read(language)
        if message.id
        for form in forms_of(message.string)
        for fault in ill_formed(form) + ill_set(language, form)
    ]
    assert faults == []


def test_messages_of_the_source_are_well_formed(messages: Catalog) -> None:
    faults = [
        f"{fault}: {form}"
        for message in messages
        if message.id
        for form in forms_of(message.id)
        for fault in ill_formed(form)
    ]
    assert faults == []


def test_spaces_that_do_not_break_reach_the_reader() -> None:
    text = f"Ceci{NO_BREAK}: «{NO_BREAK}cela{NO_BREAK}»{NARROW_NO_BREAK}; rien d’autre."
    assert render(escape(text)).body == text


# The checks themselves, on catalogues that are broken.

SAID = 'msgid "There is no term."\nmsgstr "{}"\n\n'
COUNTED = 'msgid "{{count}} term"\nmsgid_plural "{{count}} terms"\nmsgstr[0] "{}"\nmsgstr[1] "{}"\n\n'
GOOD = SAID.format("Aucun terme.") + COUNTED.format("{count} terme", "{count} termes")


@pytest.fixture
def source() -> Catalog:
    found = Catalog(fuzzy=False)
    found.add("There is no term.")
    found.add(("{count} term", "{count} terms"))
    return found


def test_a_complete_catalogue_passes(source: Catalog) -> None:
    assert lacking(written("fr", GOOD), source) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (SAID.format("Aucun terme."), "missing: {count} term / {count} terms"),
        (SAID.format("") + COUNTED.format("{count} terme", "{count} termes"), "not translated: There is no term."),
        (
            SAID.format(" ") + COUNTED.format("{count} terme", "{count} termes"),
            "not translated: There is no term.",
        ),
        (
            SAID.format("Aucun terme.") + COUNTED.format("{count} terme", ""),
            "not translated: {count} term / {count} terms",
        ),
        ("#, fuzzy\n" + GOOD, "fuzzy: There is no term."),
        (GOOD + 'msgid "Old"\nmsgstr "Ancien"\n', "not in the source: Old"),
        (GOOD + '#~ msgid "Old"\n#~ msgstr "Ancien"\n', "obsolete: Old"),
    ],
)
def test_an_incomplete_catalogue_is_detected(text: str, fault: str, source: Catalog) -> None:
    assert lacking(written("fr", text), source) == [fault]


def test_each_message_that_is_taken_away_is_missed(messages: Catalog) -> None:
    for language in SPOKEN:
        # Read once, and put together again each time: to read it takes longer than to look through it.
        catalogue = read(language)
        for message in messages:
            if message.id:
                first = forms_of(message.id)[0]
                whole = catalogue[first]
                catalogue.delete(first)
                assert lacking(catalogue, messages) == [f"missing: {' / '.join(forms_of(message.id))}"]
                catalogue[first] = whole


@pytest.mark.parametrize(
    ("message", "translation", "faults"),
    [
        ("I know {word}.", "Je connais {word}.", 0),
        ("I know {word}.", "Je connais {mot}.", 1),
        ("I know {word}.", "Je connais.", 1),
        ("I know {word}.", "Je connais {word} et {word}.", 1),
        ("I know **this**.", "Je connais **ceci**.", 0),
        ("I know **this**.", "Je connais ceci.", 1),
        (("one of {all}", "{count} of {all}"), ("un de {all}", "{count} de {all}"), 0),
        (("{count} of {all}", "{count} of {all}"), ("un de {all}", "{count} de {all}"), 1),
        (("one of {all}", "{count} of {all}"), ("un de {all}", "plusieurs de {all}"), 1),
    ],
)
def test_other_placeholders_and_markup_are_detected(
    message: str | tuple[str, str], translation: str | tuple[str, str], faults: int
) -> None:
    assert len(distorted(Message(message, translation))) == faults


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("Say {word}, or `!terms`.", 0),
        ("Say `{word}`.", 1),
        ("Say **{word}.", 1),
        ("Say `!terms.", 2),
        ("Say it!", 1),
        ("¡Dígalo!", 1),
        ("Say {a_name}.", 0),
        ("Say it. ", 1),
    ],
)
def test_ill_formed_texts_are_detected(text: str, faults: int) -> None:
    assert len(ill_formed(text)) == faults


@pytest.mark.parametrize(
    ("language", "text", "faults"),
    [
        ("fr", "Voici\u00a0: «\u00a0{word}\u00a0»\u202f; l’autre\u00a0? `!a:b`", 0),
        ("fr", "Voici : {word}", 1),
        ("fr", "Voici: {word}", 1),
        ("fr", "{word}?", 1),
        ("fr", "un mot ; un autre", 1),
        ("fr", "« {word}\u00a0»", 1),
        ("fr", "«\u00a0{word} »", 1),
        ("fr", "«\u00a0{word}", 1),
        ("fr", "l'autre", 1),
        ("fr", "“{word}”", 1),
        ("es", "¿Quería decir {word}? Fuente: {word}", 0),
        ("es", "Quería decir {word}?", 1),
        ("es", "Fuente : {word}", 1),
    ],
)
def test_slips_of_typography_are_detected(language: str, text: str, faults: int) -> None:
    assert len(ill_set(language, text)) == faults
