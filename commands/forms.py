"""What members can submit: for each kind how it is shown, and what its publication does.

All kinds go the same way through the queue; a module that has a kind adds it to `FORMS`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from commands.attachment import Post
from commands.context import Context, mark
from commands.rendering import Markdown
from storage.submissions import Kind, Submission

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
NEWS: Mapping[str, str] = {
    "claim": mark("A moderator is reading {title}."),
    "request_changes": mark("The moderators ask for changes of {title}: {reason}"),
    "reject": mark("The moderators do not take {title}: {reason}"),
    "hold": mark("The moderators hold {title} back, because publishing it now might harm somebody."),
    "release": mark("{title} is with the moderators again."),
    "unpublish": mark("{title} is no longer published: {reason}"),
    "approve": mark("{title} is approved. It is published on {date} UTC."),
    "publish": mark("{title} is published. Thank you for sharing it."),
    "decline_update": mark("The moderators do not take the new version of {title}: {reason}"),
}
"""What authors are told of a step."""


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of submission.

    `title` names one in a line. `card` shows it as it is published, `details` what moderators see besides.
    `published` takes it over, and returns what is posted; without it, it is shown in the practices room.
    `posts` says what changes there when it changes; without it, that is its own message.
    `states` and `news` are in words what is called otherwise than with a practice.
    """

    name: str
    title: Callable[[Context, Submission], str]
    card: Callable[[Context, Submission], Awaitable[Markdown]]
    details: Callable[[Context, Submission], Markdown | None]
    published: Callable[[Context, Submission], Awaitable[list[Post]]] | None = None
    posts: Callable[[Context, Submission], Awaitable[list[Post]]] | None = None
    states: Mapping[str, str] = field(default_factory=dict)
    news: Mapping[str, str] = field(default_factory=dict)
    editable: bool = False

    @property
    def stays(self) -> bool:
        """Whether it stays what it is when it is published, and can be taken down."""
        return self.published is None


FORMS: dict[Kind, Form] = {}


def title_of(ctx: Context, one: Submission) -> str:
    """Return what a submission is called; a dash for what was erased."""
    return FORMS[one.kind].title(ctx, one) if one.fields else "–"


def state_of(ctx: Context, one: Submission) -> Markdown:
    """Return in words how a submission stands."""
    name = FORMS[one.kind].states.get(one.state) or STATES[one.state]
    return ctx.text(name)
