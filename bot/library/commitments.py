"""The pages of commitments that are for everybody, with what was reported on them.

A date is shown as it is, also when it has passed: nobody is put to shame here.
"""

from __future__ import annotations

from typing import cast, get_args

from bot.library import places
from bot.library.asking import Ask, MissingError, Sheet, pages_of
from bot.library.pages import ROWS, worded
from commands.categories import CATEGORIES
from commands.commitment_card import LEVELS, UNREPORTED
from commands.context import Context
from commands.moments import in_words
from commands.practice_card import country_name
from commands.rendering import plain
from storage import public_commitments
from storage.commitments import Level
from storage.public_commitments import PublicCommitment


async def listed(ctx: Context, ask: Ask) -> Sheet:
    """Show commitments, the newest first: of one country or of all, that are so far or however far."""
    country, far = ask.country or None, level(ask.level)
    count = await public_commitments.count(ctx.storage, country, far)
    pages = pages_of(ask, count, ROWS)
    some = await public_commitments.newest(ctx.storage, ROWS, (ask.page - 1) * ROWS, country, far)
    place = country_name(ctx, country)
    title = ctx.plain("Commitments for {country}", country=place) if place else ctx.plain("Commitments")
    facts = {
        "rows": [row(ctx, one) for one in some],
        "count": count,
        "pages": pages,
        "countries": places.options(ctx, await public_commitments.countries(ctx.storage)),
        "levels": [(key, worded(ctx.language, name)) for key, name in LEVELS.items()],
    }
    about = ctx.plain("Who has committed to what for the prevention of atrocities, and how far it is.")
    return Sheet("commitments.html", title, facts, about=about)


async def one(ctx: Context, ask: Ask) -> Sheet:
    """Show a commitment as it was published, with all that was reported on it."""
    found = await public_commitments.get(ctx.storage, int(ask.name))
    if found is None:
        raise MissingError
    promise = found.promise
    facts = {
        **row(ctx, found),
        "milestones": [
            (one.day.isoformat(), in_words(one.day, ctx.language), one.what) for one in promise.milestones
        ],
        "known": promise.known,
        "published_on": found.at.date().isoformat(),
        "published": in_words(found.at.date(), ctx.language),
        "reports": [
            {
                "day": one.at.date().isoformat(),
                "told": in_words(one.at.date(), ctx.language),
                "level": worded(ctx.language, LEVELS[one.level]),
                "text": one.text,
                "spoken": one.language,
                "link": one.link or "",
            }
            for one in await public_commitments.reports(ctx.storage, found)
            if one.at
        ],
    }
    return Sheet("commitment.html", plain(promise.title), facts, about=plain(promise.known))


def row(ctx: Context, one: PublicCommitment) -> dict[str, object]:
    """Return what a list shows of a commitment."""
    promise = one.promise
    return {
        "id": one.id,
        "heading": promise.title,
        "spoken": one.language,
        "country": country_name(ctx, promise.country) or "",
        "category": worded(ctx.language, CATEGORIES[promise.category]),
        # Who did not wish to be named left it out.
        "body": promise.body or "",
        "day": promise.deadline.isoformat(),
        "by": in_words(promise.deadline, ctx.language),
        "level": worded(ctx.language, LEVELS[one.level] if one.level else UNREPORTED),
        "reported_on": one.reported_at.date().isoformat() if one.reported_at else "",
        "reported": in_words(one.reported_at.date(), ctx.language) if one.reported_at else "",
    }


def level(typed: str) -> Level | None:
    """Return how far something is, as it is stored; None when that is none of the levels."""
    return cast("Level", typed) if typed in get_args(Level) else None
