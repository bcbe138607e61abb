"""What is asked of who shares a practice: what was done (A), more if they like (B), consent and safety (C)."""

from __future__ import annotations

from collections.abc import Mapping

from commands.context import Context, mark
from commands.practice_card import ATTRIBUTIONS, CHOSEN, EVALUATED, LEADERS, LEVELS, LICENCES, MORE, VISIBILITY
from commands.questions import (
    agreed,
    choices,
    country,
    day,
    in_a_line,
    language,
    one_of,
    says,
    text,
    yes,
    yes_or_no,
)
from commands.rendering import Markdown, code
from commands.talks import Question
from config.languages import SPOKEN, name_of
from storage.talks import Answers

TITLE, SUMMARY, LONG = 120, 400, 6000
AGREEMENTS = ("notice", "rights", "persons")
"""Answers that are no content, but consent."""
HINTS: Mapping[str, str] = {
    "period": mark("Since when, and until when? For example: since 2019, ongoing"),
    "objectives": mark("What was it to achieve? For example: that rumours are answered within a day"),
    "beneficiaries": mark("Who was it for? Name groups, not persons. For example: listeners in border towns"),
    "partners": mark("Who took part? For example: two radio stations and the association of teachers"),
    "resources": mark("What did it need, in people, time and money? For example: two part-time editors"),
    "enabling": mark("What helped? For example: that the stations were trusted by both sides"),
    "constraints": mark("What was hard, or failed? For example: no programme in the third language"),
    "inclusion": mark("How were women, minorities and those affected heard? For example: half of the guests"),
    "risks": mark("Which risks were there, and how was harm avoided? For example: no callers on air by name"),
    "replicability": mark("What would others need in order to do the same? For example: a trusted local station"),
    "evidence": mark("Is there something to read? Give title, author and link, one in each line."),
    "mechanism": mark("Which national mechanism or focal point has to do with it, if any?"),
    "tags": mark("Which words should it be found by? For example: radio, rumours, elections"),
}


def _notice(ctx: Context, _answers: Answers) -> Markdown:
    return ctx.text(
        "Before you begin: what you write is read by the moderators of this community, who do not see who you "
        "are, and published only after they approve it. I keep who you are apart from it, so that I can tell you "
        "what becomes of it; {withdraw} takes it back at any time. Do not report ongoing violations, and name "
        "neither victims nor suspects: this is no place where they could be protected. Type {yes} to go on.",
        withdraw=code(ctx.typed("practice withdraw")),
        yes=code(yes(ctx)),
    )


NOTICE = Question("notice", _notice, agreed)


def _languages(ctx: Context) -> str:
    return ", ".join(name_of(one, ctx.language) for one in SPOKEN)


def _wants_more(answers: Answers) -> bool:
    return answers.get("more") == "yes"


def _is_named(answers: Answers) -> bool:
    return answers.get("attribution") in ("name", "organisation")


def _more() -> tuple[Question, ...]:
    """Return the questions of step B: all may be skipped, and are asked only of who wants them."""
    asked = tuple(
        Question(key, says(words), text(LONG), optional=True, when=_wants_more, long=True, label=MORE[key])
        for key, words in HINTS.items()
    )
    choice = (
        ("evaluated", mark("Was it evaluated? {choices}"), EVALUATED, MORE["evaluated"]),
        ("licence", mark("Under which licence may it be used? {choices}"), LICENCES, MORE["licence"]),
        (
            "community",
            mark("From which community does it come? {choices}. Skip it if neither fits."),
            CHOSEN["community"],
            MORE["community"],
        ),
    )
    return asked + tuple(
        Question(
            key,
            says(words, choices=choices(some)),
            one_of(some),
            optional=True,
            when=_wants_more,
            label=label,
            options=some,
        )
        for key, words, some, label in choice
    )


QUESTIONS: tuple[Question, ...] = (
    NOTICE,
    Question(
        "title",
        says(mark("What do you call the practice, in ten words or less? For example: Radio that answers rumours")),
        in_a_line(TITLE),
        label=mark("Title"),
    ),
    Question(
        "country",
        says(
            mark("In which country, or is it general? For example: {example}"),
            example=lambda ctx: code(str(ctx.text("Kenya"))),
        ),
        country,
        label=mark("Country"),
    ),
    Question(
        "level",
        says(mark("At which level? {choices}"), choices=choices(LEVELS)),
        one_of(LEVELS),
        options=LEVELS,
        label=mark("Level"),
    ),
    Question(
        "leader",
        says(mark("Who led it? {choices}"), choices=choices(LEADERS)),
        one_of(LEADERS),
        options=LEADERS,
        label=mark("Led by"),
    ),
    Question(
        "problem",
        says(mark("Which risk or problem does it respond to? For example: hate speech before elections")),
        text(SUMMARY),
        optional=True,
        label=mark("Problem"),
    ),
    Question(
        "summary", says(mark("What was done, in two or three sentences?")), text(SUMMARY), label=mark("Summary")
    ),
    Question(
        "story",
        says(mark("What were the steps, so that others could do the same? It may be long.")),
        text(LONG),
        optional=True,
        long=True,
        label=mark("Steps"),
    ),
    Question(
        "result",
        says(mark("What changed, and how do you know? If it was not evaluated, say so.")),
        text(LONG),
        long=True,
        label=mark("Result"),
    ),
    Question(
        "language",
        says(
            mark("In which language did you write? {choices}. Skip it if it is the one I use."), choices=_languages
        ),
        language,
        optional=True,
        label=mark("Language"),
    ),
    Question(
        "more",
        says(
            mark(
                "Would you like to say more? There are 16 short questions, and each may be skipped. Type {yes}, "
                "or skip it."
            ),
            yes=lambda ctx: code(yes(ctx)),
        ),
        yes_or_no,
        optional=True,
    ),
    *_more(),
    Question(
        "rights",
        says(mark("Do you have the right to share this? Type {yes}."), yes=lambda ctx: code(yes(ctx))),
        agreed,
        label=mark("I have the right to share this"),
    ),
    Question(
        "persons",
        says(
            mark("Can no victim, witness or source be recognised in it, who did not agree? Type {yes}."),
            yes=lambda ctx: code(yes(ctx)),
        ),
        agreed,
        label=mark("Nobody can be recognised who did not agree"),
    ),
    Question(
        "attribution",
        says(mark("How should it be published? {choices}"), choices=choices(ATTRIBUTIONS)),
        one_of(ATTRIBUTIONS),
        options=ATTRIBUTIONS,
        label=mark("To be published"),
    ),
    Question(
        "attributed",
        says(mark("Which name or organisation should stand there?")),
        in_a_line(TITLE),
        optional=True,
        when=_is_named,
        label=mark("Name or organisation"),
    ),
    Question(
        "visibility",
        says(
            mark(
                "Who may see it? {choices}. What everybody may see can also stand on public web pages, which "
                "search engines find."
            ),
            choices=choices(VISIBILITY),
        ),
        one_of(VISIBILITY),
        options=VISIBILITY,
        label=mark("To be seen by"),
    ),
    Question(
        "translated",
        says(mark("May it be translated? {yes} or no; skip it, and it is not."), yes=lambda ctx: code(yes(ctx))),
        yes_or_no,
        optional=True,
        label=mark("May be translated"),
    ),
    Question(
        "quoted",
        says(
            mark("May it be quoted elsewhere? {yes} or no; skip it, and it is not."),
            yes=lambda ctx: code(yes(ctx)),
        ),
        yes_or_no,
        optional=True,
        label=mark("May be quoted"),
    ),
    Question(
        "review_by",
        says(
            mark(
                "Should it be looked at again on some day, because the situation may change? For example: "
                "1 June 2028"
            )
        ),
        day,
        optional=True,
        label=mark("To be looked at again"),
    ),
)
