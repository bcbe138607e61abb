"""Every text that a member can see, collected for the catalogues: `make messages` brings them up to date.

Texts stand in the source where they are said, in the templates of the library, and in the docstrings of commands,
which are their help.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages import Catalog, extract, pofile

from bot.repertoire import registry
from config.languages import SPOKEN, TRANSLATIONS

ROOT = Path(__file__).parent.parent
SPEAKING = ("commands", "bot")
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "text": None,
    "mark": None,
    "plain": None,
    "translate": (2,),
    "worded": (2,),
    "plural": (1, 2),
}


def template() -> Catalog:
    """Return a catalogue of all messages, none translated."""
    found = Catalog(project="gaamac-bot", fuzzy=False)
    for folder in SPEAKING:
        for name, _line, message, _comments, _context in extract.extract_from_dir(
            ROOT / folder, method_map=METHODS, keywords=KEYWORDS
        ):
            found.add(message, locations=[(f"{folder}/{name}", 0)])
    for command in registry().commands:
        for text in (command.summary, *command.details.split("\n\n")):
            if text:
                found.add(text, locations=[(f"commands, help of {command.name}", 0)])
    return found


def update() -> None:
    """Bring the catalogues up to date. English is filled in; in the others new messages stay empty."""
    for language in SPOKEN:
        messages = template()
        path = TRANSLATIONS / f"{language}.po"
        if path.exists():
            with path.open("rb") as file:
                catalogue = pofile.read_po(file, locale=language)
        else:
            catalogue = Catalog(locale=language, project="gaamac-bot", fuzzy=False)
        catalogue.update(messages, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        if language == "en":
            for message in catalogue:
                if message.id:
                    message.string = message.id
        with path.open("wb") as file:
            pofile.write_po(file, catalogue, width=100, include_lineno=False, omit_header=True, sort_output=True)


if __name__ == "__main__":
    update()
