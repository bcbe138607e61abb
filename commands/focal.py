"""Who to turn to in a country: `!focal`, `!mechanism` and `!country`."""

from __future__ import annotations

from typing import Annotated

from commands import places
from commands.arguments import Label, Rest
from commands.context import Context, mark
from commands.country_card import card
from commands.focal_card import also, ask_for_more, full, missing
from commands.registry import command
from commands.rendering import Markdown, paragraphs
from config.countries import Holder
from storage import focal
from storage.focal import KINDS, Kind


@command(
    "focal",
    topic="focal",
    examples={
        "en": ("focal kenya", "focal CI", "focal 🇦🇷"),
        "fr": ("focal Kenya", "focal CI", "focal 🇦🇷"),
        "es": ("focal Kenia", "focal CI", "focal 🇦🇷"),
    },
    aliases={"fr": ("point focal",), "es": ("punto focal",)},
)
async def show_focal(ctx: Context, country: Annotated[Rest, Label(mark("country"))]) -> Markdown:
    """Say which office of a country is its national R2P focal point.

    Any name of the country will do, in any language, or its code or flag. What I do not have on record may exist
    all the same.
    """
    holder = places.country(ctx, country, "focal")
    return await _of_kind(ctx, holder, "r2p_focal_point")


@command(
    "mechanism",
    topic="focal",
    examples={"en": ("mechanism uganda",), "fr": ("mécanisme Ouganda",), "es": ("mecanismo Uganda",)},
    aliases={"fr": ("mécanisme",), "es": ("mecanismo",)},
)
async def show_mechanism(ctx: Context, country: Annotated[Rest, Label(mark("country"))]) -> Markdown:
    """Say which national body of a country works on the prevention of atrocities."""
    holder = places.country(ctx, country, "mechanism")
    return await _of_kind(ctx, holder, "national_mechanism")


@command(
    "country",
    topic="focal",
    examples={"en": ("country kenya",), "fr": ("pays Kenya",), "es": ("país Kenia",)},
    aliases={"fr": ("pays",), "es": ("país",)},
)
async def show_country(ctx: Context, country: Annotated[Rest, Label(mark("country"))]) -> Markdown:
    """Show on one card what is on record for a country.

    Focal point, mechanism and groups, commitments, practices, and the next events, each with how fresh it is.
    """
    return await card(ctx, places.country(ctx, country, "country"))


async def _of_kind(ctx: Context, holder: Holder, kind: Kind) -> Markdown:
    book = await focal.book(ctx.storage)
    wanted = book.of(holder.code, kind)
    others = [one for one in book.of(holder.code, *KINDS) if one.kind != kind]
    return paragraphs(
        *(full(ctx, one, holder) for one in wanted),
        None if wanted else missing(ctx, kind, holder),
        also(ctx, others),
        ask_for_more(ctx, holder),
    )
