"""Shared practices in words: as they are published, and in a line."""

from __future__ import annotations

from commands.context import Context, mark
from commands.rendering import Markdown, code, escape, join, paragraphs, strong
from config import countries
from config.languages import name_of
from storage.submissions import Submission

LEVELS = {
    "local": mark("local"),
    "national": mark("national"),
    "regional": mark("regional"),
    "international": mark("international"),
}
LEADERS = {
    "state": mark("a state body"),
    "civil society": mark("civil society"),
    "academia": mark("academia"),
    "nhri": mark("a national human rights institution"),
    "organisation": mark("an international organisation"),
}
ATTRIBUTIONS = {
    "name": mark("with the name that I give"),
    "organisation": mark("with the organisation only"),
    "country": mark("with the country only"),
    "anonymous": mark("anonymously"),
}
VISIBILITY = {"members": mark("members of the community"), "public": mark("everybody")}
STATES = {
    "draft": mark("a draft"),
    "submitted": mark("waiting for the moderators"),
    "in_review": mark("being read by a moderator"),
    "changes_requested": mark("changes are asked for"),
    "approved": mark("approved, not yet published"),
    "published": mark("published"),
    "update_pending": mark("published, a new version waits"),
    "archived": mark("no longer published"),
    "rejected": mark("not taken"),
    "withdrawn": mark("withdrawn"),
    "safety_hold": mark("held back for safety"),
    "erased": mark("erased"),
}


def card(ctx: Context, one: Submission, number: int | None = None) -> Markdown:
    """Write a practice as it is, or will be, published. The texts stay in the language of the author."""
    fields = one.fields
    title = strong(fields["title"])
    lines = [Markdown("{} ({})").format(title, code(ctx.typed("practice", str(number)))) if number else title]
    place = country_name(ctx, fields.get("country"))
    level, leader = LEVELS[fields["level"]], LEADERS[fields["leader"]]
    about = [place, ctx.text(level), ctx.text(leader)]
    lines.append(join(" · ", [part for part in about if part]))
    return paragraphs(
        join("\n", lines),
        escape(fields["summary"], lines=True),
        escape(fields["story"], lines=True) if fields.get("story") else None,
        ctx.text("What it responds to: {text}", text=escape(fields["problem"], lines=True))
        if fields.get("problem")
        else None,
        ctx.text("What changed, and how one knows: {text}", text=escape(fields["result"], lines=True)),
        attribution(ctx, one),
    )


def attribution(ctx: Context, one: Submission) -> Markdown:
    """Write from whom a practice is, as the author chose."""
    chosen = one.fields.get("attribution", "anonymous")
    named = one.fields.get("attributed")
    if chosen in ("name", "organisation") and named:
        return ctx.text("Shared by {name}.", name=escape(named))
    if chosen == "country" and one.fields.get("country"):
        return ctx.text("Shared from {country}.", country=country_name(ctx, one.fields["country"]) or "–")
    return ctx.text("Shared anonymously.")


def line(ctx: Context, one: Submission) -> Markdown:
    """Write a practice in one line."""
    place = country_name(ctx, one.fields.get("country"))
    rest = Markdown(" – {}").format(place) if place else Markdown("")
    return Markdown("{}{} ({})").format(
        strong(one.fields.get("title", "–")), rest, code(ctx.typed("practice", str(one.id)))
    )


def details(ctx: Context, one: Submission) -> Markdown:
    """Write what else moderators and the author see: language, attribution, visibility."""
    how, whom = ATTRIBUTIONS[one.fields["attribution"]], VISIBILITY[one.fields["visibility"]]
    shown = [
        ctx.text("Language: {language}", language=name_of(one.language, ctx.language)),
        ctx.text("To be published {how}.", how=ctx.text(how)),
        ctx.text("To be seen by {whom}.", whom=ctx.text(whom)),
    ]
    return join("\n", shown)


def country_name(ctx: Context, code_: str | None) -> str | None:
    """Return the name of a country; None for what is of no country."""
    found = countries.countries().get(code_ or "")
    return found.name(ctx.language) if found else None
