"""Terms that members suggest for the glossary, through the queue: `!term suggest`."""

from __future__ import annotations

import re
from typing import Any

from commands import talks
from commands.attachment import Post, Reply
from commands.context import Context, mark
from commands.deciding import submit
from commands.errors import CommandError
from commands.forms import FORMS, Form
from commands.glossary import TOPICS
from commands.questions import choices, in_a_line, one_of, says, text
from commands.registry import command
from commands.rendering import Markdown, code, escape, join, link, paragraphs, strong
from commands.talks import TALKS, Question, Talk
from storage import glossary, glossary_changes
from storage.folding import fold
from storage.glossary import Concept, Definition, Source, Term
from storage.submissions import Kind, Submission
from storage.talks import Answers

KIND: Kind = "term"
_URL = re.compile(r"https?://\S+")


@command(
    "term suggest",
    topic="glossary",
    examples={"en": ("term suggest",), "fr": ("terme proposer",), "es": ("término proponer",)},
    aliases={"fr": ("terme proposer",), "es": ("término proponer",)},
    writes=True,
)
async def suggest(ctx: Context) -> Reply:
    """Suggest a term, or a better definition of one, to the moderators. I ask you in a direct chat."""
    return await talks.begin(ctx, KIND)


async def _finish(ctx: Context, answers: Answers) -> Reply:
    known = await _known(ctx, answers["term"])
    fields: dict[str, Any] = {**answers, "concept": known.id if known else None}
    return await submit(ctx, KIND, fields)


async def _known(ctx: Context, term: str) -> Concept | None:
    """Return the concept that is called so already."""
    found = await glossary.find(ctx.storage, term, ctx.language)
    if found.how != "name" or not found.titles:
        return None
    return await glossary.get(ctx.storage, found.titles[0].id)


async def _source(ctx: Context, said: str, answers: Answers) -> str:
    source = await in_a_line(500)(ctx, said, answers)
    if len(fold(source)) < 3:
        raise CommandError(ctx.text("This one is needed."))
    return source


async def card(ctx: Context, one: Submission) -> Markdown:
    """Write a suggested term as it would be taken over, with what is on record now."""
    fields = one.fields
    source = str(fields.get("source") or "")
    address = _URL.search(source)
    concept = await glossary.get(ctx.storage, fields["concept"]) if fields.get("concept") else None
    now = concept.defined(one.language) if concept else None
    return paragraphs(
        join("\n", [strong(fields["term"]), escape(fields["definition"], lines=True)]),
        ctx.text("Source: {source}", source=link(source, address[0]) if address else escape(source)),
        ctx.text("On record now: {text}", text=now.text) if now else None,
    )


def _details(ctx: Context, one: Submission) -> Markdown | None:
    topic = one.fields.get("topic", "")
    return ctx.text("Topic: {topic}", topic=ctx.text(TOPICS[topic])) if topic in TOPICS else None


async def _published(ctx: Context, one: Submission) -> list[Post]:
    """Take the term over into the glossary: as a new concept, or as the definition of one that is there."""
    fields = one.fields
    definition = Definition(language=one.language, text=fields["definition"])
    address = _URL.search(fields["source"])
    source = Source(document=fields["source"], url=address[0].rstrip(".,;)") if address else None, confirmed=False)
    concept = await glossary.get(ctx.storage, fields["concept"]) if fields.get("concept") else None
    if concept is None:
        term = Term(language=one.language, text=fields["term"])
        identifier = await _identifier(ctx, fields["term"], one.id)
        made = Concept(
            id=identifier, topic=fields["topic"], terms=[term], definitions=[definition], sources=[source]
        )
        await glossary_changes.put(ctx.writer, made, by=ctx.asker.user_id or None, at=ctx.now)
        return []
    others = [each for each in concept.definitions if each.language != one.language]
    update = {"definitions": [*others, definition], "sources": [*concept.sources, source]}
    changed = concept.model_copy(update=update)
    await glossary_changes.put(ctx.writer, changed, by=ctx.asker.user_id or None, at=ctx.now)
    return []


async def _identifier(ctx: Context, term: str, number: int) -> str:
    made = re.sub(r"[^a-z0-9]+", "-", fold(term)).strip("-")[:70] or f"term-{number}"
    return made if await glossary.get(ctx.storage, made) is None else f"{made}-{number}"


def _title(_ctx: Context, one: Submission) -> str:
    return str(one.fields.get("term", "–"))


FORMS[KIND] = Form(
    name=mark("term"),
    title=_title,
    card=card,
    details=_details,
    published=_published,
    states={"published": mark("in the glossary")},
    news={"publish": mark("{title} is in the glossary now. Thank you.")},
)
TALKS[KIND] = Talk(
    kind=KIND,
    questions=(
        Question(
            "term",
            says(
                mark("Which term? For example: {example}"),
                example=lambda ctx: code(str(ctx.text("early warning"))),
            ),
            in_a_line(200),
        ),
        Question(
            "definition",
            says(mark("What does it mean, in your own words, in one or two sentences?")),
            text(1500),
        ),
        Question(
            "source",
            says(
                mark("In which document does it stand? Give its name and where in it, and a link if there is one.")
            ),
            _source,
        ),
        Question("topic", says(mark("Under which heading? {choices}"), choices=choices(TOPICS)), one_of(TOPICS)),
    ),
    finish=_finish,
)
