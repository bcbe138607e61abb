"""Shared practices in words: as they are published, and in a line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from commands.communities import NAMES as COMMUNITIES
from commands.context import Context, mark
from commands.forms import FORMS, Form
from commands.moments import in_words
from commands.rendering import Markdown, code, escape, join, paragraphs, strong
from config import countries
from config.languages import name_of
from storage import practice_search, submissions
from storage.submissions import PUBLIC, Submission

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
EVALUATED = {
    "outside": mark("by somebody else"),
    "own": mark("by ourselves"),
    "no": mark("not evaluated"),
}
LICENCES = {
    "by": mark("everybody, with the source named (CC BY)"),
    "by-nc": mark("everybody, but not to earn money (CC BY-NC)"),
    "ask": mark("only after asking"),
}
MORE: Mapping[str, str] = {
    "period": mark("When"),
    "objectives": mark("Objectives"),
    "beneficiaries": mark("For whom"),
    "partners": mark("Who took part"),
    "resources": mark("What it needed"),
    "enabling": mark("What helped"),
    "constraints": mark("What was hard, or failed"),
    "inclusion": mark("Women, minorities, those affected"),
    "risks": mark("Risks, and how harm was avoided"),
    "replicability": mark("What others need"),
    "evidence": mark("To read"),
    "mechanism": mark("Mechanism"),
    "tags": mark("Words"),
    "evaluated": mark("Evaluated"),
    "licence": mark("May be used by"),
    "community": mark("Community"),
}
"""What authors may add, with its headings."""
CHOSEN: Mapping[str, Mapping[str, str]] = {
    "evaluated": EVALUATED,
    "licence": LICENCES,
    "community": dict(COMMUNITIES.items()),
}
"""Of these, what is chosen and not written."""
MATCHES = 3
"""How many stems two texts must share to have to do with each other."""
SHOWN = 3


async def card(ctx: Context, one: Submission) -> Markdown:
    """Write a practice as it is, or will be, published; what is not said yet is left out.

    The texts stay in the language of the author.
    """
    fields = one.fields
    title = strong(fields.get("title", "–"))
    public = one.state in PUBLIC
    lines = [Markdown("{} ({})").format(title, code(ctx.typed("practice", str(one.id)))) if public else title]
    about = [country_name(ctx, fields.get("country"))]
    about += [
        str(ctx.text(names[fields[key]]))
        for key, names in (("level", LEVELS), ("leader", LEADERS))
        if fields.get(key) in names
    ]
    if any(about):
        lines.append(join(" · ", [escape(part) for part in about if part]))
    return paragraphs(
        join("\n", lines),
        *(escape(fields[key], lines=True) for key in ("summary", "story") if fields.get(key)),
        ctx.text("What it responds to: {text}", text=escape(fields["problem"], lines=True))
        if fields.get("problem")
        else None,
        ctx.text("What changed, and how one knows: {text}", text=escape(fields["result"], lines=True))
        if fields.get("result")
        else None,
        *_more(ctx, one),
        attribution(ctx, one.fields),
        await _related(ctx, one) if public else None,
    )


def _more(ctx: Context, one: Submission) -> list[Markdown]:
    """Return what the author said besides."""
    found = []
    for key, heading in MORE.items():
        said = one.fields.get(key)
        if not said:
            continue
        names = CHOSEN.get(key, {})
        shown = ctx.text(names[said]) if said in names else escape(said, lines=True)
        found.append(ctx.row(strong(ctx.text(heading)), shown))
    return found


async def _related(ctx: Context, one: Submission) -> Markdown | None:
    """Return which other practices have to do with it."""
    words = " ".join(str(one.fields.get(key) or "") for key in ("title", "problem", "summary", "tags"))
    found = [other for other in await matching(ctx, words, one.language) if other.id != one.id][:SHOWN]
    if not found:
        return None
    return ctx.text("See also: {practices}", practices=join("; ", [line(ctx, other) for other in found]))


async def matching(ctx: Context, words: str, language: str) -> list[Submission]:
    """Return published practices that have to do with a text, the best first."""
    numbers = await practice_search.alike(ctx.storage, words, language, MATCHES)
    return await submissions.some(ctx.storage, numbers)


def attribution(ctx: Context, fields: Mapping[str, Any]) -> Markdown | None:
    """Write from whom something is, as the author chose; nothing before they did, or under the Chatham rule."""
    chosen = fields.get("attribution")
    if ctx.chatham or chosen is None:
        return None
    named = fields.get("attributed")
    if chosen in ("name", "organisation") and named:
        return ctx.text("Shared by {name}.", name=escape(named))
    place = country_name(ctx, fields.get("country"))
    if chosen == "country" and place:
        return ctx.text("Shared from {country}.", country=place)
    return ctx.text("Shared anonymously.")


def line(ctx: Context, one: Submission) -> Markdown:
    """Write a practice in one line."""
    place = country_name(ctx, one.fields.get("country"))
    rest = Markdown(" – {}").format(place) if place else Markdown("")
    return Markdown("{}{} ({})").format(
        strong(one.fields.get("title", "–")), rest, code(ctx.typed("practice", str(one.id)))
    )


def details(ctx: Context, one: Submission) -> Markdown:
    """Write what else moderators and the author see: language, attribution, visibility, and what is allowed."""
    fields = one.fields
    how, whom = ATTRIBUTIONS.get(fields.get("attribution", "")), VISIBILITY.get(fields.get("visibility", ""))
    shown = [ctx.text("Language: {language}", language=name_of(one.language, ctx.language))]
    if how is not None:
        shown.append(ctx.text("To be published {how}.", how=ctx.text(how)))
    if whom is not None:
        shown.append(ctx.text("To be seen by {whom}.", whom=ctx.text(whom)))
    if fields.get("translated") == "yes":
        shown.append(ctx.text("It may be translated."))
    if fields.get("quoted") == "yes":
        shown.append(ctx.text("It may be quoted."))
    if fields.get("review_by"):
        shown.append(
            ctx.text(
                "To be looked at again by {date}.",
                date=in_words(date.fromisoformat(fields["review_by"]), ctx.language),
            )
        )
    return join("\n", shown)


def country_name(ctx: Context, code_: str | None) -> str | None:
    """Return the name of a country; None for what is of no country."""
    found = countries.countries().get(code_ or "")
    return found.name(ctx.language) if found else None


def _title(_ctx: Context, one: Submission) -> str:
    return str(one.fields.get("title", "–"))


FORMS["practice"] = Form(name=mark("practice"), title=_title, card=card, details=details, editable=True)
