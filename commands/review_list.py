"""The checklist of reviewers, and what was answered to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from commands.context import Context, mark
from commands.rendering import Markdown
from storage import reviews
from storage.reviews import Answer, Remark

CHECKLIST = {
    "relevant": mark("It is relevant to prevention."),
    "practice": mark("It is a practice or a question, not news, advocacy or an accusation."),
    "complete": mark("It is concrete and complete."),
    "evidence": mark("There is evidence, or it says honestly that there is none."),
    "replicable": mark("Others could do the same."),
    "harm": mark("It harms nobody if everybody reads it."),
    "consent": mark("Those who can be recognised agreed."),
    "allegations": mark("It accuses no named person or state beyond published findings."),
    "neutral": mark("The language is neutral."),
    "inclusion": mark("Women, minorities and those affected were heard, or it says why not."),
    "language": mark("It reads well."),
    "duplicate": mark("It is not here already."),
}
BLOCKING = ("harm", "consent", "allegations")
"""Nothing is approved as long as one of these is answered with no."""
ANSWERS: dict[str, Answer] = {
    "yes": "yes", "oui": "yes", "si": "yes", "ok": "yes", "no": "no", "non": "no",
    "unsure": "unsure", "incertain": "unsure", "inseguro": "unsure", "duda": "unsure", "doute": "unsure",
}  # fmt: skip
SHOWN: dict[Answer, str] = {"yes": mark("yes"), "no": mark("no"), "unsure": mark("unsure")}


def summary(ctx: Context, remarks: Sequence[Remark]) -> Markdown | None:
    """Return in one line what the checklist says; None before anybody has looked at it."""
    found = reviews.latest(remarks)
    if not found:
        return None
    counts = Counter(one.answer for one in found.values())
    return ctx.text(
        "Checklist: {yes} yes, {no} no, {unsure} unsure, {open} open",
        yes=counts["yes"],
        no=counts["no"],
        unsure=counts["unsure"],
        open=len(CHECKLIST) - len(found),
    )
