"""What the author of a commitment is told in a direct chat before and after its dates."""

from __future__ import annotations

from datetime import date

from commands.context import Context
from commands.moments import in_full
from commands.rendering import Markdown, bullets, code, join, paragraphs, strong
from storage.commitments import Commitment


def reminder(ctx: Context, one: Commitment, day: date, left: int) -> Markdown:
    """Remind of a day that is `left` days away; of the deadline, if it is over, ask how it went."""
    title, when = strong(one.promise.title), in_full(day, ctx.language)
    steps = [step.what for step in one.promise.milestones if step.day == day]
    if left < 0:
        said = ctx.text("The day of what you committed to is over: {title}, by {day}.", title=title, day=when)
        ask = ctx.text("How far is it? A report that it is not complete is worth as much.")
    else:
        soon = ctx.plural("In {count} day", "In {count} days", left) if left else ctx.text("Today")
        due = [ctx.text("the deadline")] if day == one.promise.deadline else []
        said = join(
            "\n",
            [
                ctx.text("You committed to this: {title}", title=title),
                ctx.text("{when}, on {day}:", when=soon, day=when),
                bullets([*steps, *due]),
            ],
        )
        ask = ctx.text("To report how far it is:")
    example = ctx.typed("commitment progress", f"{one.id} {ctx.text('substantial')} … https://…")
    return paragraphs(said, join(" ", [ask, code(example)]))
