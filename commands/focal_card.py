"""Records of who to turn to, as members read them: the office, how sure that is, from where, how fresh."""

from __future__ import annotations

from datetime import date

from commands.communities import line as community_line
from commands.context import Context, mark
from commands.moments import in_words, month
from commands.rendering import Markdown, code, escape, join, link, paragraphs, strong
from config.countries import Holder
from storage.focal import Evidence, Kept, Kind, Status

KIND: dict[Kind, str] = {
    "r2p_focal_point": mark("R2P focal point"),
    "lan_focal_point": mark("Focal point of the Latin American Network"),
    "national_mechanism": mark("National mechanism"),
    "gaamac_focal_person": mark("GAAMAC focal person"),
    "group_of_friends": mark("Group of Friends of R2P"),
}

STATUS: dict[Status, str] = {
    "active": mark("active"),
    "vacant": mark("vacant"),
    "unknown": mark("not known whether it is still so"),
}

EVIDENCE: dict[Evidence, str] = {
    "A": mark("a source names it"),
    "A-": mark("announced or almost certain"),
    "B": mark("indirect: it hosted the network"),
    "C": mark("weak: it took part in a meeting"),
    "D": mark("very weak: a hint only"),
    "GK": mark("general knowledge, no source seen"),
}

NONE: dict[Kind, str] = {
    "r2p_focal_point": mark("I have no record of an R2P focal point for {country}."),
    "lan_focal_point": mark("I have no record of a focal point of the Latin American Network for {country}."),
    "national_mechanism": mark("I have no record of a national mechanism for {country}."),
    "gaamac_focal_person": mark("I have no record of a GAAMAC focal person for {country}."),
    "group_of_friends": mark("I have no record of {country} in the Group of Friends of R2P."),
}


def full(ctx: Context, record: Kept, holder: Holder) -> Markdown:
    """Return everything about a record, under its heading."""
    heading = Markdown("{} – {}").format(strong(holder.name(ctx.language)), ctx.text(KIND[record.kind]))
    lines = [heading]
    if title := record.title(ctx.language):
        lines.append(escape(title))
    elif record.kind != "group_of_friends":
        lines.append(ctx.text("The name of the office is not on record."))
    if record.kind != "group_of_friends":
        lines.append(_status(ctx, record))
    if note := record.note(ctx.language):
        lines.append(escape(note))
    if record.contact and record.contact_url:
        lines.append(ctx.text("Contact: {contact}", contact=link(record.contact, record.contact_url)))
    lines.append(
        ctx.text(
            "Source: {source} (as of {date}; {evidence})",
            source=source(record),
            date=as_of(ctx, record),
            evidence=ctx.text(EVIDENCE[record.evidence]),
        )
    )
    lines.append(freshness(ctx, record))
    if community := community_line(ctx, record.community):
        lines.append(community)
    return join("\n", lines)


def line(ctx: Context, record: Kept) -> Markdown:
    """Return a record in one line: what it is, the office, as of when."""
    what = ctx.text(KIND[record.kind])
    title = record.title(ctx.language)
    parts = [ctx.text("as of {date}", date=as_of(ctx, record))]
    if record.status == "vacant":
        parts.insert(0, ctx.text(STATUS[record.status]))
    if stale(ctx, record):
        parts.append(ctx.text("not confirmed lately"))
    named = ctx.text("{name}: {value}", name=what, value=title) if title else what
    return Markdown("{} ({})").format(named, join(", ", parts))


def freshness(ctx: Context, record: Kept) -> Markdown:
    """Say when somebody last confirmed a record, and whether that is long ago."""
    said = (
        ctx.text("Confirmed by a moderator on {date}.", date=in_words(record.confirmed_at.date(), ctx.language))
        if record.confirmed_at
        else ctx.text("Not yet confirmed by a moderator.")
    )
    if not stale(ctx, record):
        return said
    months = ctx.fresh_months
    warning = ctx.plural(
        "Nobody has confirmed this for {count} month or longer: check it before you rely on it.",
        "Nobody has confirmed this for {count} months or longer: check it before you rely on it.",
        months,
    )
    return warning if record.confirmed_at is None else join(" ", [said, warning])


def missing(ctx: Context, kind: Kind, holder: Holder) -> Markdown:
    """Say that there is no record, so that nobody takes it for a fact about the country."""
    return join(
        " ",
        [
            ctx.text(NONE[kind], country=strong(holder.name(ctx.language))),
            ctx.text("That does not mean there is none.")
            if kind != "group_of_friends"
            else ctx.text("That does not mean it is not a member."),
        ],
    )


def ask_for_more(ctx: Context, holder: Holder) -> Markdown:
    """Say how to send a correction."""
    return ctx.text(
        "Know more? {example}", example=code(ctx.typed("focal suggest", f"{holder.name(ctx.language)} …"))
    )


def also(ctx: Context, records: list[Kept]) -> Markdown | None:
    """Say in a line each what else is on record."""
    if not records:
        return None
    rows = [Markdown("- {}").format(line(ctx, one)) for one in records]
    return paragraphs(join("\n", [ctx.text("Also on record:"), *rows]))


def source(record: Kept) -> Markdown:
    """Return where a record comes from, as a link where there is one."""
    return link(record.source, record.source_url) if record.source_url else escape(record.source)


def as_of(ctx: Context, record: Kept) -> str:
    """Return an as-of date as exactly as it is known."""
    return when(record.as_of, ctx.language)


def when(text: str, language: str) -> str:
    """Return a year, a month or a day (ISO 8601) in words."""
    if len(text) == 4:
        return text
    if len(text) == 7:
        return month(date.fromisoformat(f"{text}-01"), language)
    return in_words(date.fromisoformat(text), language)


def stale(ctx: Context, record: Kept) -> bool:
    """Tell whether nobody has confirmed a record for as long as the operator set."""
    return record.is_stale(ctx.now.date(), ctx.fresh_months)


def _status(ctx: Context, record: Kept) -> Markdown:
    said = ctx.text("Status: {status}.", status=ctx.text(STATUS[record.status]))
    if record.appointed_year:
        return join(" ", [said, ctx.text("Since {year}.", year=record.appointed_year)])
    if record.appointed_by:
        return join(" ", [said, ctx.text("Since {year} at the latest.", year=record.appointed_by)])
    return join(" ", [said, ctx.text("Since when is not known.")])
