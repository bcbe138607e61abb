"""The state of the network: `!focal list`, `!focal gaps` and `!focal stats`."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from commands import places
from commands.arguments import Label, Named, Rest
from commands.communities import NAMES, TYPED, taken_from
from commands.context import Context, mark
from commands.errors import CommandError
from commands.focal_card import EVIDENCE, STATUS, as_of, line, stale
from commands.moments import in_words
from commands.registry import command
from commands.rendering import Markdown, bullets, code, join, paragraphs, strong
from config import countries
from config.countries import Region
from storage import focal
from storage.communities import Community, concerns
from storage.focal import KINDS, Book, Kept
from storage.folding import fold

ROWS = 10
"""Of a list in one answer."""

PAGE = Named({"en": ("page",), "fr": ("page",), "es": ("página",)}, strict=True)


@command(
    "focal list",
    topic="focal",
    examples={
        "en": ("focal list africa", "focal list south america", "focal list page 2", "focal list r2p"),
        "fr": ("focal liste Afrique", "focal liste Amérique du Sud", "focal liste page 2"),
        "es": ("focal lista África", "focal lista América del Sur", "focal lista página 2"),
    },
    aliases={"fr": ("focal liste",), "es": ("focal lista",)},
)
async def list_focal(
    ctx: Context,
    region: Annotated[Rest | None, Label(mark("region"))] = None,
    page: Annotated[int, PAGE, Label(mark("number"))] = 1,
) -> Markdown:
    """List the countries of a region whose R2P focal point is on record, or all records of one community.

    Regions and subregions of the United Nations, or a working group of GAAMAC; communities are genocide prevention
    and R2P.
    """
    community, rest = taken_from(region or "")
    if community is not None:
        return await _of_community(ctx, community, rest or None, page)
    where = places.region(ctx, region, "focal list")
    book = await focal.book(ctx.storage)
    codes = _codes(where)
    records = [one for one in book.records if one.kind == "r2p_focal_point" and one.holder in codes]
    rows = sorted((fold(_name(ctx, one.holder)), _row(ctx, one)) for one in records)
    if not rows:
        return ctx.text("I have no record of an R2P focal point in {region}.", region=_region(ctx, where))
    heading = ctx.plural(
        "R2P focal points on record in {region}: {count}",
        "R2P focal points on record in {region}: {count}",
        len(rows),
        region=_region(ctx, where),
    )
    return _pages(ctx, heading, [row for _, row in rows], "focal list", where, page)


async def _of_community(ctx: Context, community: Community, region: str | None, page: int) -> Markdown:
    """List what is on record of a community, whatever it is."""
    where = places.region(ctx, region, "focal list")
    codes, book = _codes(where), await focal.book(ctx.storage)
    records = [one for one in book.records if one.holder in codes and concerns(community, one.community)]
    records.sort(key=lambda one: (fold(_name(ctx, one.holder)), KINDS.index(one.kind), one.number))
    name, typed = ctx.plain(NAMES[community]), ctx.plain(TYPED[community])
    if not records:
        return ctx.text(
            "Nothing in {region} is on record for this community: {community}.",
            region=_region(ctx, where),
            community=strong(name),
        )
    heading = ctx.plural(
        "On record in {region}, community {community}: {count}",
        "On record in {region}, community {community}: {count}",
        len(records),
        region=_region(ctx, where),
        community=strong(name),
    )
    rows = [Markdown("{} – {}").format(strong(_name(ctx, one.holder)), line(ctx, one)) for one in records]
    return _pages(ctx, heading, rows, "focal list", where, page, f"{typed} ")


@command(
    "focal gaps",
    topic="focal",
    examples={
        "en": ("focal gaps africa", "focal gaps europe page 2"),
        "fr": ("focal manques Afrique", "focal manques Europe page 2"),
        "es": ("focal faltan África", "focal faltan Europa página 2"),
    },
    aliases={"fr": ("focal manques", "focal lacunes"), "es": ("focal faltan", "focal vacíos")},
)
async def list_gaps(
    ctx: Context,
    region: Annotated[Rest | None, Label(mark("region"))] = None,
    page: Annotated[int, PAGE, Label(mark("number"))] = 1,
) -> Markdown:
    """List the UN member states of a region for which no R2P focal point is on record.

    Not on record does not mean that there is none.
    """
    where = places.region(ctx, region, "focal gaps")
    book = await focal.book(ctx.storage)
    known = book.holders("r2p_focal_point")
    names = sorted((one.name(ctx.language) for one in where.members if one.alpha2 not in known), key=fold)
    if not names:
        return ctx.text(
            "Every UN member state in {region} has an R2P focal point on record.", region=_region(ctx, where)
        )
    heading = ctx.plural(
        "{count} UN member state in {region} without an R2P focal point on record. "
        "That does not mean there is none.",
        "{count} UN member states in {region} without an R2P focal point on record. "
        "That does not mean there is none.",
        len(names),
        region=_region(ctx, where),
    )
    return _pages(ctx, heading, [Markdown("{}").format(name) for name in names], "focal gaps", where, page)


@command(
    "focal stats",
    topic="focal",
    examples={"en": ("focal stats",), "fr": ("focal chiffres",), "es": ("focal cifras",)},
    aliases={"fr": ("focal chiffres",), "es": ("focal cifras",)},
)
async def show_stats(ctx: Context) -> Markdown:
    """Count what is on record, by region, by year and by how sure it is."""
    book = await focal.book(ctx.storage)
    points = [one for one in book.records if one.kind == "r2p_focal_point" and one.status != "vacant"]
    mechanisms = book.holders("national_mechanism")
    holders = {one.holder for one in points}
    by_region = []
    for key in places.CONTINENTS:
        where = countries.regions()[key]
        codes = {one.alpha2 for one in where.members}
        by_region.append(
            ctx.text(
                "{region}: {points} of {members} with an R2P focal point, {mechanisms} with a national mechanism",
                region=where.name(ctx.language),
                points=len(holders & codes),
                members=len(codes),
                mechanisms=len(mechanisms & codes),
            )
        )
    return paragraphs(
        join(
            " ",
            [
                ctx.plural(
                    "{count} R2P focal point is on record.", "{count} R2P focal points are on record.", len(points)
                ),
                ctx.text("What is not on record may exist all the same."),
            ],
        ),
        join("\n", [strong(ctx.text("By region")), bullets(by_region)]),
        join("\n", [strong(ctx.text("By year of appointment")), bullets(_by_year(ctx, points))]),
        join("\n", [strong(ctx.text("By evidence")), bullets(_by_evidence(ctx, points))]),
        _updated(ctx, book),
    )


def _pages(
    ctx: Context,
    heading: Markdown,
    rows: list[Markdown],
    command_name: str,
    where: Region,
    page: int,
    what: str = "",
) -> Markdown:
    pages = -(-len(rows) // ROWS)
    if not 1 <= page <= pages:
        raise CommandError(ctx.plural("This list has {count} page.", "This list has {count} pages.", pages))
    rest = None
    if page < pages:
        place = what if where.code == places.WORLD else f"{what}{where.name(ctx.language)} "
        word = PAGE.words.get(ctx.language, PAGE.words["en"])[0]
        more = code(ctx.typed(command_name, f"{place}{word} {page + 1}"))
        left = len(rows) - page * ROWS
        rest = ctx.plural("{count} more: {example}", "{count} more: {example}", left, example=more)
    return paragraphs(heading, bullets(rows[(page - 1) * ROWS : page * ROWS]), rest)


def _row(ctx: Context, record: Kept) -> Markdown:
    parts: list[object] = [ctx.text("as of {date}", date=as_of(ctx, record))]
    if record.status != "active":
        parts.insert(0, ctx.text(STATUS[record.status]))
    if stale(ctx, record):
        parts.append(ctx.text("not confirmed lately"))
    return Markdown("{} ({})").format(strong(_name(ctx, record.holder)), join(", ", parts))


def _by_year(ctx: Context, points: list[Kept]) -> list[Markdown]:
    rows = [
        ctx.text("{year}: {count}", year=year, count=count)
        for year, count in sorted(Counter(one.appointed_year for one in points if one.appointed_year).items())
    ]
    latest = Counter(one.appointed_by for one in points if one.appointed_by and not one.appointed_year)
    rows += [
        ctx.text("{year} at the latest: {count}", year=year, count=count) for year, count in sorted(latest.items())
    ]
    unknown = sum(not one.appointed_year and not one.appointed_by for one in points)
    return [*rows, ctx.text("not known: {count}", count=unknown)]


def _by_evidence(ctx: Context, points: list[Kept]) -> list[Markdown]:
    counts = Counter(one.evidence for one in points)
    return [
        ctx.text("{name}: {value}", name=ctx.text(words), value=counts[level])
        for level, words in EVIDENCE.items()
        if counts[level]
    ]


def _updated(ctx: Context, book: Book) -> Markdown | None:
    changed = book.as_of()
    return ctx.text("As of {date}.", date=in_words(changed.date(), ctx.language)) if changed else None


def _region(ctx: Context, where: Region) -> Markdown:
    return strong(where.name(ctx.language))


def _codes(where: Region) -> set[str]:
    codes = {one.alpha2 for one in where.countries}
    return codes | set(countries.organisations()) if where.code == places.WORLD else codes


def _name(ctx: Context, code_: str) -> str:
    holder = countries.countries().get(code_) or countries.organisations()[code_]
    return holder.name(ctx.language)
