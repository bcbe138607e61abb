"""What moderators are told when the bot cannot work, and when it can again."""

from __future__ import annotations

from bot.errors import Broken
from commands.context import mark, translate
from commands.rendering import Markdown, code, join, paragraphs

WHAT = {
    Broken.DAMAGED: mark("My database is damaged. The operator must put back a backup."),
    Broken.DISK: mark(
        "The disk with my database does not read or write as it should: it may be broken, or a quota is used up. "
        "The operator must look at it."
    ),
    Broken.FULL: mark("The disk with my database is full. The operator must make room on it."),
    Broken.LOCKED: mark("Another program holds my database. The operator must end it."),
    Broken.FORBIDDEN: mark(
        "I may not write in my data folder, or not open my database. The operator must give both to the account "
        "that runs me."
    ),
    Broken.AWAY: mark("My database server does not answer. The operator must see whether it runs."),
    Broken.NEWER: mark(
        "My database was written by a newer version of me. The operator must install that version again, or put "
        "back a copy from before."
    ),
    Broken.DATABASE: mark("My database cannot be opened. The operator's log says why."),
    Broken.SESSION: mark(
        "My stored log-in cannot be read. The operator must put back a copy of it, or have me log in anew."
    ),
    Broken.KEYS: mark(
        "The keys with which I read and write in encrypted rooms cannot be opened. The operator must put back the "
        "database and the stored log-in from the same backup."
    ),
    Broken.SETTINGS: mark("My settings need a correction. The operator's log says which."),
    Broken.TAKEN: mark("Another program works in my data folder. The operator must wait for it, or end it."),
}
MOST = 5
"""Keys of settings that are named."""


def alarm(cause: Broken, details: tuple[str, ...], language: str) -> Markdown:
    """Say what is broken and what to do."""
    names = join(", ", (code(one) for one in details[:MOST]))
    return paragraphs(
        translate(language, "I cannot work at the moment. {what}", what=translate(language, WHAT[cause])),
        translate(language, "It is about: {names}", names=names) if details else None,
        translate(
            language,
            "Until then I answer nobody and change nothing. What is asked meanwhile is not lost: I answer it "
            "afterwards. I look again by myself from time to time, and say here when I work again.",
        ),
    )


def over(language: str) -> Markdown:
    """Say that the bot works again."""
    return translate(language, "I work again. What was asked meanwhile is being answered now.")
