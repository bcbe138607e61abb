"""What moderators do to single records, and what members suggest to them.

`!focal set kenya mechanism` names the country, then the kind if it is not the R2P focal point, then fields as
`name: value`, in one line or one under the other.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, cast

from pydantic import ValidationError

from commands import places
from commands.arguments import Label, Rest
from commands.attachment import Post, Reply
from commands.communities import named
from commands.context import Context, Permission, mark
from commands.deciding import submit
from commands.errors import ArgumentError, CommandError
from commands.fields import Fields, is_empty
from commands.focal_card import KIND, ask_for_more, full, line, missing
from commands.forms import FORMS, Form
from commands.moments import moment
from commands.registry import command
from commands.rendering import Markdown, bullets, code, escape, join, paragraphs, strong
from config import countries
from config.countries import Holder
from storage import focal, focal_changes
from storage.changes import Change
from storage.focal import Kept, Kind, Record
from storage.folding import fold
from storage.submissions import Submission

WORDS: dict[str, Kind] = {
    "r2p": "r2p_focal_point",
    "focal": "r2p_focal_point",
    "mechanism": "national_mechanism",
    "mecanisme": "national_mechanism",
    "mecanismo": "national_mechanism",
    "lan": "lan_focal_point",
    "gaamac": "gaamac_focal_person",
    "friends": "group_of_friends",
    "amis": "group_of_friends",
    "amigos": "group_of_friends",
}
"""What a kind is called in commands, folded."""

FIELDS = Fields(
    names=(
        *("title", "note", "status", "appointed_year", "appointed_by", "as_of", "evidence"),
        *("source", "source_url", "contact", "contact_url", "community"),
    ),
    short={
        "since": "appointed_year", "by": "appointed_by", "date": "as_of", "url": "source_url",
        "link": "source_url", "page": "contact_url",
        "communaute": "community", "comunidad": "community",
        "titre": "title", "titulo": "title", "fuente": "source",
    },
    by_language=frozenset({"title", "note"}),
)  # fmt: skip
NUMBER = re.compile(r"(?:^|\s)#?(\d{1,2})(?=\s|$)")
SHOWN = 10


@command(
    "focal suggest",
    topic="focal",
    examples={
        "en": ("focal suggest kenya The focal point is at the Office of the Attorney General, see https://…",),
        "fr": ("focal proposer Kenya Le point focal est au bureau du Procureur général, voir https://…",),
        "es": ("focal proponer Kenia El punto focal está en la Fiscalía General, véase https://…",),
    },
    aliases={"fr": ("focal proposer",), "es": ("focal proponer",)},
    writes=True,
)
async def suggest(ctx: Context, correction: Annotated[Rest, Label(mark("country and what you know"))]) -> Reply:
    """Tell the moderators what you know of a country's focal point or mechanism.

    Name the country, then the office, since when, and where it is published. Name no private persons. The
    moderators do not see who you are.
    """
    holder, said = places.leading_country(ctx, correction, "focal suggest")
    if len(fold(said)) < 4:
        raise ArgumentError(ctx.text("What should be on record for {country}?", country=_bold(ctx, holder)))
    return await submit(ctx, "correction", {"holder": holder.code, "text": said[:2000]})


def _title(ctx: Context, one: Submission) -> str:
    return _holder(one).name(ctx.language)


async def _card(ctx: Context, one: Submission) -> Markdown:
    """Write a correction, with the commands that show what is on record and change it."""
    name = _holder(one).name(ctx.language)
    return paragraphs(
        strong(name),
        Markdown("> {}").format(escape(one.fields["text"])),
        ctx.text(
            "On record: {focal}. To change it: {set}; then approve this.",
            focal=code(ctx.typed("country", name)),
            set=code(ctx.typed("focal set", f"{name} …")),
        ),
    )


def _holder(one: Submission) -> Holder:
    code_ = one.fields["holder"]
    return countries.countries().get(code_) or countries.organisations()[code_]


async def _taken_over(_ctx: Context, _one: Submission) -> list[Post]:
    """Do nothing: a moderator has put on record what was confirmed of it."""
    return []


FORMS["correction"] = Form(
    name=mark("correction"),
    title=_title,
    card=_card,
    details=lambda _ctx, _one: None,
    published=_taken_over,
    states={"published": mark("taken over")},
    news={"publish": mark("What you suggested for {title} is on record now. Thank you.")},
)


@command(
    "focal confirm",
    topic="focal",
    examples={
        "en": ("focal confirm kenya", "focal confirm kenya mechanism"),
        "fr": ("focal confirmer Kenya", "focal confirmer Kenya mécanisme"),
        "es": ("focal confirmar Kenia", "focal confirmar Kenia mecanismo"),
    },
    aliases={"fr": ("focal confirmer",), "es": ("focal confirmar",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def confirm(ctx: Context, which: Annotated[Rest, Label(mark("country and kind"))]) -> Markdown:
    """Note that what is on record is so today.

    Without a kind it is the R2P focal point, or the one record that there is.
    """
    holder, records = await _records(ctx, which, "focal confirm")
    records = await focal_changes.confirm(ctx.writer, records, by=ctx.asker.user_id, at=ctx.now)
    return paragraphs(
        ctx.text("Confirmed as of today for {country}:", country=_bold(ctx, holder)),
        bullets(line(ctx, one) for one in records),
    )


@command(
    "focal vacant",
    topic="focal",
    examples={"en": ("focal vacant kenya",), "fr": ("focal poste vacant Kenya",), "es": ("focal vacante Kenia",)},
    aliases={"fr": ("focal poste vacant",), "es": ("focal vacante",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def vacant(ctx: Context, which: Annotated[Rest, Label(mark("country and kind"))]) -> Markdown:
    """Note that an office is vacant."""
    holder, records = await _records(ctx, which, "focal vacant")
    for one in records:
        facts = one.facts() | {"status": "vacant", "as_of": ctx.now.date().isoformat()}
        await focal_changes.save(ctx.writer, Record.model_validate(facts), by=ctx.asker.user_id, at=ctx.now)
    return ctx.text("Noted as vacant: {records}.", records=_named(ctx, holder, records))


@command(
    "focal remove",
    topic="focal",
    examples={
        "en": ("focal remove kenya", "focal remove kenya mechanism 2"),
        "fr": ("focal supprimer Kenya",),
        "es": ("focal eliminar Kenia",),
    },
    aliases={"fr": ("focal supprimer",), "es": ("focal eliminar",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def remove(ctx: Context, which: Annotated[Rest, Label(mark("country and kind"))]) -> Markdown:
    """Remove a record. Its history stays."""
    holder, records = await _records(ctx, which, "focal remove")
    for one in records:
        await focal_changes.remove(ctx.writer, one, by=ctx.asker.user_id, at=ctx.now)
    return paragraphs(
        ctx.text("Removed: {records}.", records=_named(ctx, holder, records)),
        ctx.text(
            "The history stays: {example}", example=code(ctx.typed("focal history", holder.name(ctx.language)))
        ),
    )


@command(
    "focal set",
    topic="focal",
    examples={
        "en": (
            "focal set kenya title: Office of the Attorney General status: active date: 2026-11 evidence: A "
            "source: Note verbale of 3 November 2026",
            "focal set uganda mechanism title fr: Comité national",
        ),
        "fr": ("focal fixer Kenya title fr: Bureau du Procureur général source: Note verbale",),
        "es": ("focal fijar Kenia title es: Fiscalía General source: Nota verbal",),
    },
    aliases={"fr": ("focal fixer",), "es": ("focal fijar",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def set_record(ctx: Context, what: Annotated[Rest, Label(mark("country, kind and fields"))]) -> Markdown:
    """Write a record, or change some of its fields.

    Fields are title, note, status (active, vacant, unknown), since and by (years), date, evidence (A, A-, B, C, D,
    GK), source, link, contact, page and community (genocide prevention, R2P, both). Titles and notes take a
    language: title fr. A new record needs a source, and a contact needs the official page that publishes it. Name
    the office, never a person.
    """
    head, typed = FIELDS.split(what)
    holder, rest = places.leading_country(ctx, head, "focal set")
    kind, number = _kind(ctx, rest)
    kind = kind or "r2p_focal_point"
    before = await focal.get(ctx.writer, kind, holder.code, number)
    changed = FIELDS.read(ctx, typed)
    if not changed:
        raise ArgumentError(ctx.text("Something is missing: {parameter}.", parameter=code("title: …")))
    facts = _merged(before, changed, kind, holder, number, ctx.now.date())
    try:
        record = Record.model_validate(facts)
    except ValidationError as error:
        raise ArgumentError(_refused(ctx, error)) from error
    kept = await focal_changes.save(ctx.writer, record, by=ctx.asker.user_id, at=ctx.now)
    return paragraphs(ctx.text("Noted:") if before else ctx.text("Noted as new:"), full(ctx, kept, holder))


@command(
    "focal history",
    topic="focal",
    examples={"en": ("focal history kenya",), "fr": ("focal historique Kenya",), "es": ("focal historial Kenia",)},
    aliases={"fr": ("focal historique",), "es": ("focal historial",)},
    permission=Permission.MODERATOR,
)
async def history(ctx: Context, country: Annotated[Rest, Label(mark("country"))]) -> Markdown:
    """Show who changed what in the records of a country."""
    holder = places.country(ctx, country, "focal history")
    found = await focal_changes.history(ctx.storage, holder.code, SHOWN)
    if not found:
        return ctx.text("No record of {country} was ever changed.", country=_bold(ctx, holder))
    return paragraphs(
        ctx.text("Changes of the records of {country}, the newest first:", country=_bold(ctx, holder)),
        bullets(_step(ctx, one) for one in found),
    )


ACTIONS = {
    "add": mark("added"),
    "change": mark("changed"),
    "confirm": mark("confirmed"),
    "remove": mark("removed"),
    "undo": mark("taken back"),
}


def _step(ctx: Context, change: Change) -> Markdown:
    kind = cast("Kind", change.subject.split("/")[1])
    before, after = change.before or {}, change.after or {}
    fields = [
        name
        for name in Record.model_fields
        if before and after and before.get(name) != after.get(name)
    ]  # fmt: skip
    done = ctx.text(ACTIONS[change.action])
    return Markdown("{} – {} – {}").format(
        f"{moment(change.at, ctx.language)} UTC",
        ctx.row(ctx.text(KIND[kind]), Markdown("{} ({})").format(done, ", ".join(fields)) if fields else done),
        change.person or ctx.text("starter content"),
    )


async def _records(ctx: Context, typed: str, command_name: str) -> tuple[Holder, list[Kept]]:
    """Return the records that are meant: of the kind that was named, else of R2P, else the only one."""
    holder, rest = places.leading_country(ctx, typed, command_name)
    kind, number = _kind(ctx, rest)
    found = (await focal.book(ctx.storage)).of(holder.code)
    if not found:
        raise CommandError(paragraphs(missing(ctx, kind or "r2p_focal_point", holder), ask_for_more(ctx, holder)))
    wanted = [one for one in found if one.kind == (kind or "r2p_focal_point")]
    numbered = NUMBER.search(rest)
    if numbered:
        wanted = [one for one in wanted if one.number == number]
    if len(wanted) == 1:
        return holder, wanted
    if not wanted and kind is None and len(found) == 1:
        return holder, found
    choices = [
        code(ctx.typed(command_name, f"{holder.name(ctx.language)} {_word(one.kind)} {one.number}"))
        for one in (wanted or found)
    ]
    raise CommandError(paragraphs(ctx.text("Which record do you mean?"), bullets(choices)))


def _kind(ctx: Context, typed: str) -> tuple[Kind | None, int]:
    """Read the kind and the number of a record."""
    numbered = NUMBER.search(typed)
    words = fold(NUMBER.sub(" ", typed)).split()
    if not words:
        return None, int(numbered[1]) if numbered else 1
    named = fold(typed).replace(" ", "_")
    if named in focal.KINDS:
        return named, 1
    if words[0] not in WORDS:
        choices = ", ".join(dict.fromkeys(_word(kind) for kind in focal.KINDS))
        raise ArgumentError(
            ctx.text(
                "I know no kind of record called {word}. There are: {choices}.", word=code(typed), choices=choices
            )
        )
    return WORDS[words[0]], int(numbered[1]) if numbered else 1


def _word(kind: Kind) -> str:
    return next(word for word, one in WORDS.items() if one == kind)


def _merged(
    before: Kept | None, changed: dict[str, str], kind: Kind, holder: Holder, number: int, today: date
) -> dict[str, Any]:
    """Put what was typed over what is kept. A value of "-" empties a field."""
    facts: dict[str, Any] = before.facts() if before else NEW | {"as_of": today.isoformat()}
    facts |= {"kind": kind, "holder": holder.code, "number": number}
    for name, value in changed.items():
        empty = is_empty(value)
        for field, texts in (("title_", "titles"), ("note_", "notes")):
            if name.startswith(field):
                language = name.removeprefix(field)
                facts[texts] = {key: text for key, text in facts[texts].items() if key != language}
                if not empty:
                    facts[texts][language] = value
                break
        else:
            facts[name] = None if empty else _value(name, value)
    return facts


def _value(name: str, value: str) -> str:
    if name == "community":
        return named(value) or value
    if name == "status":
        return STATUSES.get(fold(value), fold(value))
    return value.upper() if name == "evidence" else value


NEW: dict[str, Any] = {"titles": {}, "notes": {}, "evidence": "A"}
"""A new record, unless something else is said: it needs a source, and that source names it."""

STATUSES = {
    "actif": "active", "activo": "active", "vacante": "vacant", "inconnu": "unknown", "desconocido": "unknown",
}  # fmt: skip


def _refused(ctx: Context, error: ValidationError) -> Markdown:
    """Say which fields are not in order."""
    rows = []
    for one in error.errors():
        field = str(one["loc"][0]) if one["loc"] else "contact_url"
        reason = ctx.text(REASONS.get(field, mark("this field is missing or not understood")))
        rows.append(ctx.row(code(field), reason))
    return join("\n", [ctx.text("Nothing was changed:"), bullets(rows)])


REASONS = {
    "status": mark("write active, vacant or unknown"),
    "evidence": mark("write A, A-, B, C, D or GK"),
    "as_of": mark("write a date as 2026, 2026-11 or 2026-11-30"),
    "appointed_year": mark("write a year as 2026"),
    "appointed_by": mark("write a year as 2026"),
    "source": mark("a record needs a source, in at most 500 characters"),
    "source_url": mark("write an address that begins with https://"),
    "contact_url": mark("a contact needs the address of the official page that publishes it"),
    "community": mark("write genocide prevention, R2P or both"),
    "titles": mark("a text has at most 500 characters"),
    "notes": mark("a text has at most 500 characters"),
}


def _bold(ctx: Context, holder: Holder) -> Markdown:
    return strong(holder.name(ctx.language))


def _named(ctx: Context, holder: Holder, records: list[Kept]) -> Markdown:
    kinds = join(", ", [ctx.text(KIND[one.kind]) for one in records])
    return Markdown("{} – {}").format(_bold(ctx, holder), kinds)
