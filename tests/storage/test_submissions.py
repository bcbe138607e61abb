"""The state machine of submissions: no state by a way that is not allowed, nothing lost, everything recorded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import audit, identities, submissions
from storage.database import Database
from storage.schema import audit as audit_table
from storage.submissions import WAYS, Actor, ConflictError, NotAllowedError, Role, State, Submission
from tests import databases
from tests.extent import extent

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
AUTHOR, OTHER, MODERATOR, COLLEAGUE = (
    "@mia:example.org",
    "@kofi:example.org",
    "@mod:example.org",
    "@ana:example.org",
)
NEW = Submission(
    kind="practice",
    author="author",
    language="en",
    fields={"title": "Early warning by radio"},
    consent={"version": 1},
    created_at=NOW,
    updated_at=NOW,
)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    found = await Database.open(databases.address(tmp_path / "bot.db"))
    yield found
    await found.close()


async def reach(database: Database, *actions: tuple[submissions.Action, Actor]) -> Submission:
    async with database.write() as writer:
        one = await submissions.add(writer, NEW)
        for action, actor in actions:
            one = await submissions.change(writer, one.id, action, actor, NOW, reason="because")
        return one


ME, MOD, MOD2, BOT = (
    Actor("author", "author"),
    Actor("moderator", "mod"),
    Actor("moderator", "mod2"),
    Actor("bot"),
)


async def test_the_whole_way(database: Database) -> None:
    one = await reach(database, ("submit", ME), ("claim", MOD), ("approve", MOD), ("publish", BOT))
    assert (one.state, one.version, one.approvals) == ("published", 5, ["mod"])
    async with database.read() as reader:
        steps = await audit.of_subject(reader, f"submission/{one.id}")
        assert [(step.action, step.after) for step in steps] == [
            ("draft", "draft"),
            ("submit", "submitted"),
            ("claim", "in_review"),
            ("approve", "approved"),
            ("publish", "published"),
        ]
        assert await audit.verify(reader) is None


@pytest.mark.parametrize(
    ("actions", "action", "actor", "why"),
    [
        ((("submit", ME),), "approve", Actor("moderator", "author"), "own"),
        ((("submit", ME),), "publish", MOD, "state"),
        ((("submit", ME),), "withdraw", Actor("author", "somebody"), "role"),
        ((("submit", ME),), "approve", ME, "role"),
        ((), "approve", MOD, "state"),
        ((("submit", ME), ("withdraw", ME)), "approve", MOD, "state"),
        ((("submit", ME), ("reject", MOD)), "submit", ME, "state"),
    ],
)
async def test_what_is_not_allowed_changes_nothing(
    database: Database,
    actions: tuple[tuple[submissions.Action, Actor], ...],
    action: submissions.Action,
    actor: Actor,
    why: str,
) -> None:
    one = await reach(database, *actions)
    with pytest.raises(NotAllowedError) as refused:
        async with database.write() as writer:
            await submissions.change(writer, one.id, action, actor, NOW, reason="because")
    assert refused.value.why == why
    async with database.read() as reader:
        assert await submissions.get(reader, one.id) == one
        assert len(await audit.of_subject(reader, f"submission/{one.id}")) == len(actions) + 1


async def test_a_rejection_needs_a_reason(database: Database) -> None:
    one = await reach(database, ("submit", ME))
    for reason in (None, "", "  "):
        with pytest.raises(NotAllowedError):
            async with database.write() as writer:
                await submissions.change(writer, one.id, "reject", MOD, NOW, reason=reason)


async def test_of_two_moderators_at_once_one_wins_and_the_other_is_told_fifty_times(database: Database) -> None:
    for _ in range(50):
        one = await reach(database, ("submit", ME))

        async def decide(
            action: submissions.Action, actor: Actor, number: int = one.id, seen: int = one.version
        ) -> str:
            try:
                async with database.write() as writer:
                    done = await submissions.change(
                        writer, number, action, actor, NOW, version=seen, reason="because"
                    )
            except ConflictError as error:
                return f"too late, it is {error.now.state}"
            return done.state

        ends = await asyncio.gather(decide("approve", MOD), decide("reject", MOD2))
        async with database.read() as reader:
            now = await submissions.get(reader, one.id)
            assert now is not None
            assert sorted(ends) == sorted([now.state, f"too late, it is {now.state}"])


async def test_a_release_publishes_nothing(database: Database) -> None:
    one = await reach(
        database, ("submit", ME), ("approve", MOD), ("publish", BOT), ("hold", MOD), ("release", MOD2)
    )
    assert (one.state, one.approvals) == ("in_review", [])


async def test_what_is_erased_is_nowhere_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    database = await Database.open(databases.address(path))
    async with database.write() as writer:
        known = await identities.pseudonym(writer, AUTHOR, NOW)
        assert await identities.pseudonym(writer, AUTHOR, NOW) == known
        fields = {"title": "A radio that warns", "story": "unmistakable-words"}
        one = await submissions.add(writer, NEW.model_copy(update={"author": known, "fields": fields}))
        assert await identities.reveal(writer, known, by="mod", why="to ask", at=NOW) == AUTHOR
    async with database.write() as writer:
        await submissions.change(writer, one.id, "erase", Actor("author", known), NOW)
        assert await identities.erase(writer, AUTHOR) == known
        assert await identities.reveal(writer, known, by="mod", why="to ask", at=NOW) is None
    async with database.read() as reader:
        left = await submissions.get(reader, one.id)
        assert left is not None
        assert (left.state, left.author, left.fields, left.consent) == ("erased", None, {}, {})
        assert [step.action for step in await audit.of_subject(reader, f"identity/{known}")] == ["reveal"] * 2
        assert await audit.verify(reader) is None
    await database.close()
    data = databases.contents(path)
    assert b"@mia" not in data
    assert b"unmistakable-words" not in data


@pytest.mark.parametrize("change", ["reason", "after", "missing"])
async def test_an_audit_that_was_tampered_with_is_found(database: Database, change: str) -> None:
    await reach(database, ("submit", ME), ("claim", MOD), ("approve", MOD))
    async with database.write() as writer:
        if change == "missing":
            await writer.sql.execute(sa.delete(audit_table).where(audit_table.c.id == 2))
        else:
            await writer.sql.execute(sa.update(audit_table).where(audit_table.c.id == 2).values({change: "x"}))
    async with database.read() as reader:
        broken = await audit.verify(reader)
    assert broken is not None
    assert broken.id == (3 if change == "missing" else 2)
    assert broken.missing == (change == "missing")


STEPS = st.lists(
    st.tuples(
        st.sampled_from(sorted(WAYS)),
        st.sampled_from([ME, MOD, MOD2, BOT, Actor("author", "somebody"), Actor("moderator", "author")]),
        st.booleans(),  # with a reason
        st.integers(0, 2),  # how many versions behind
    ),
    max_size=30,
)


AGREEING = ("endorse", "endorse_update", "approve", "publish")


@settings(max_examples=extent(60, 15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_any_steps_of_anybody_lead_only_where_a_way_is(
    database: Database, steps: list[tuple[str, Actor, bool, int]]
) -> None:
    """Compare with a model that knows only the table: states, audit rows, and that an author never decides."""
    async with database.write() as writer:
        one = await submissions.add(writer, NEW)
    state: State = "draft"
    version = rows = 1
    approved: set[str | None] = set()
    for number, (action, actor, with_reason, behind) in enumerate(steps):
        at = NOW + timedelta(minutes=number)
        done = True
        try:
            async with database.write() as writer:
                kept = await submissions.change(
                    writer,
                    one.id,
                    action,  # type: ignore[arg-type]
                    actor,
                    at,
                    version=version - behind,
                    reason="because" if with_reason else None,
                )
        except submissions.RefusedError:
            done = False
        way = WAYS[action]  # type: ignore[index]
        by_author = actor.pseudonym == "author" and state != "erased"
        roles: set[Role] = {actor.role}
        if (actor.role == "author" and not by_author) or (actor.role == "moderator" and by_author):
            roles = set()
        may = behind == 0 and state in way.since and bool(roles & way.who) and (with_reason or not way.reason)
        if action in AGREEING and actor.role == "moderator" and state != "approved":
            may = may and actor.pseudonym not in approved
        assert done == may
        if done:
            if action in ("endorse", "endorse_update", "approve"):
                approved.add(actor.pseudonym)
            elif action in ("submit", "revise", "release", "erase"):
                approved.clear()
            state, version, rows = way.to, version + 1, rows + 1
            assert (kept.state, kept.version) == (state, version)
    async with database.read() as reader:
        now = await submissions.get(reader, one.id)
        assert now is not None
        assert now.state == state
        assert "author" not in now.approvals
        trail = await audit.of_subject(reader, f"submission/{one.id}")
        assert len(trail) == rows
        assert [step.before for step in trail[1:]] == [step.after for step in trail[:-1]]
        assert await audit.verify(reader) is None


async def test_what_is_left_of_an_audit_after_its_time_can_be_verified(database: Database) -> None:
    one = await reach(database, ("submit", ME), ("claim", MOD))
    later = NOW + timedelta(days=400)
    async with database.write() as writer:
        await submissions.change(writer, one.id, "approve", MOD, later)
        assert await audit.prune(writer, later - timedelta(days=365), later) == 2
        assert await audit.prune(writer, later - timedelta(days=365), later) == 0
        assert await audit.verify(writer) is None
        assert len(await audit.of_subject(writer, f"submission/{one.id}")) == 2
    async with database.write() as writer:
        await writer.sql.execute(sa.delete(audit_table).where(audit_table.c.id == 3))
        broken = await audit.verify(writer)
        assert broken is not None
        assert (broken.id, broken.missing) == (4, True)


async def test_who_is_behind_a_pseudonym_is_forgotten_after_its_time(database: Database) -> None:
    async with database.write() as writer:
        idle = await identities.pseudonym(writer, "@idle:example.org", NOW)
        waits = await identities.pseudonym(writer, "@waits:example.org", NOW)
        active = await identities.pseudonym(writer, "@active:example.org", NOW)
        for who in (idle, waits):
            await submissions.add(writer, NEW.model_copy(update={"author": who}))
        await submissions.change(writer, 1, "withdraw", Actor("author", idle), NOW)
        later = NOW + timedelta(days=400)
        await audit.add(writer, audit.Entry(at=later, actor=active, action="claim", subject="submission/2"))
        assert await identities.prune(writer, later - timedelta(days=365)) == 1
        assert await identities.known_pseudonym(writer, "@idle:example.org") is None
        assert await identities.known_pseudonym(writer, "@waits:example.org") == waits
        assert await identities.known_pseudonym(writer, "@active:example.org") == active


async def test_two_moderators_are_two(database: Database) -> None:
    one = await reach(database, ("submit", ME))
    steps: list[tuple[submissions.Action, Actor, str | None]] = [
        ("approve", MOD, "two"),
        ("endorse", MOD, None),
        ("endorse", MOD, "again"),
        ("approve", MOD, "again"),
        ("approve", MOD2, None),
    ]
    said: list[str | None] = []
    for action, actor, _why in steps:
        try:
            async with database.write() as writer:
                await submissions.change(writer, one.id, action, actor, NOW, moderators=2)
        except NotAllowedError as error:
            said.append(error.why)
        else:
            said.append(None)
    assert said == [why for _action, _actor, why in steps]
