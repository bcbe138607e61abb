"""What the bot knows of a person: `!privacy`, `!mydata`, `!forgetme`."""

from __future__ import annotations

import json
from typing import Annotated

from commands.arguments import Label
from commands.attachment import Attachment, Post, Reply
from commands.context import Context, mark
from commands.deciding import published_post, queue_post
from commands.errors import CommandError
from commands.forms import FORMS
from commands.registry import command
from commands.rendering import Markdown, bullets, code, paragraphs
from storage import personal
from storage.folding import fold

NAMES = {
    "person": mark("your language and time zone"),
    "attendance": mark("to which events you go"),
    "reminder": mark("your reminders"),
    "following": mark("which events you follow, and whether you get the digest"),
    "talk": mark("the talk that is going on"),
    "recall": mark("which terms come back in your quizzes, and when"),
    "direct_room": mark("where we talk alone"),
    "awaited_file": mark("a file that I wait for"),
    "identity": mark("your pseudonym"),
    "submission": mark("what you shared"),
    "constituent": mark("what you told me of yourself, to be counted"),
    "counted": mark("in which numbers of the community you are"),
    "met": mark("a mark without your name, so that you are welcomed once"),
    "inbox": mark("which of your messages I answered, and when; not their text"),
    "proposal": mark("imports and events that you proposed"),
    "change": mark("what you changed as a moderator"),
    "focal": mark("which records you confirmed as a moderator"),
    "unreadable": mark("messages of yours that I could not read"),
    "room_key": mark("keys of your messages in encrypted rooms"),
    "room_key_share": mark("which of your devices have keys of mine"),
    "device_list": mark("that I follow your devices"),
    "device": mark("your devices in encrypted rooms"),
}
SURE = frozenset({"yes", "oui", "si"})


@command(
    "privacy",
    topic="you",
    examples={"en": ("privacy",), "fr": ("confidentialité",), "es": ("privacidad",)},
    aliases={"fr": ("confidentialité", "vie privée"), "es": ("privacidad",)},
)
async def privacy(ctx: Context) -> Markdown:
    """Say what I store of you, for how long, and how to see or erase it."""
    return paragraphs(
        ctx.text(
            "I store what you choose (language, time zone, events, reminders), what you share, and for 30 days "
            "which of your messages I answered. I never store what is not said to me, and no text of a message "
            "after it is answered. Who you are is kept apart from what you share; moderators do not see it."
        ),
        ctx.text(
            "Rooms are kept by homeservers, not by me: who is in a room sees what you write there. For what "
            "should stay between us, open a direct chat with me."
        ),
        ctx.text(
            "{mydata} sends you all of it as a file, {forgetme} erases it.",
            mydata=code(ctx.typed("mydata")),
            forgetme=code(ctx.typed("forgetme")),
        ),
    )


@command(
    "mydata",
    topic="you",
    examples={"en": ("mydata",), "fr": ("mesdonnées",), "es": ("misdatos",)},
    aliases={"fr": ("mesdonnées", "mes données"), "es": ("misdatos", "mis datos")},
    writes=True,
    repeated=True,
)
async def mydata(ctx: Context) -> Reply:
    """Send you a file with all that I store of you, in a direct chat."""
    if not ctx.asker.direct:
        return _in_direct(ctx, "mydata")
    found = await personal.everything(ctx.storage, ctx.asker.user_id)
    data = json.dumps(found, ensure_ascii=False, indent=2, default=str).encode()
    return Reply(
        paragraphs(ctx.text("This is all that I store of you:"), _listed(ctx, found)),
        (Attachment("mydata.json", "application/json", data),),
    )


@command(
    "forgetme",
    topic="you",
    examples={"en": ("forgetme",), "fr": ("oubliemoi",), "es": ("olvidame",)},
    aliases={"fr": ("oubliemoi", "oubliez-moi"), "es": ("olvidame", "olvídeme")},
    writes=True,
    repeated=True,
)
async def forgetme(ctx: Context, sure: Annotated[str | None, Label(mark("yes"))] = None) -> Reply:
    """Erase what I store of you, after showing what goes and what stays."""
    if not ctx.asker.direct:
        return _in_direct(ctx, "forgetme")
    person = ctx.asker.user_id
    if sure is None or fold(sure) not in SURE:
        found = await personal.everything(ctx.storage, person)
        yes = {"fr": "oui", "es": "sí"}.get(ctx.language, "yes")
        met = found.pop(personal.STAYS, None)
        goes = {name: rows for name, rows in found.items() if personal.RULES.get(name) != "keep"}
        return Reply(
            paragraphs(
                ctx.text("This goes, and cannot be brought back:"),
                _listed(ctx, goes) if goes else None,
                ctx.text(
                    "What you shared is taken out of the rooms, too. This stays: keys of encrypted rooms, as long "
                    "as we are in one together; that something was decided, without you; and what homeservers "
                    "and other people have kept."
                ),
                ctx.text("So does a mark without your name: by it I know not to welcome you a second time.")
                if met
                else None,
                ctx.text("To do it: {command}", command=code(ctx.typed("forgetme", yes))),
            )
        )
    erased = await personal.forget(ctx.writer, person, ctx.now)
    posts: list[Post] = []
    for one in erased:
        posts += await queue_post(ctx, one)
        if FORMS[one.kind].stays:
            posts += await published_post(ctx, one)
    return Reply(
        ctx.text(
            "Done. I have forgotten you. That you asked for it is gone after 30 days, as your last message is."
        ),
        posts=tuple(posts),
    )


def _in_direct(ctx: Context, name: str) -> Reply:
    text = ctx.text(
        "I do that in a direct chat only. Type {command} here.",
        command=code(ctx.typed(name).removeprefix(ctx.asker.prefix)),
    )
    return Reply(ctx.text("I have written to you in a direct chat."), posts=(Post(ctx.asker.user_id, text),))


def _listed(ctx: Context, found: dict[str, list[dict[str, object]]]) -> Markdown:
    if not found:
        raise CommandError(ctx.text("I store nothing of you."))
    rows = []
    for name, some in found.items():
        label = NAMES[name]
        rows.append(Markdown("{} ({})").format(ctx.text(label), str(len(some))))
    return bullets(rows)
