"""Whatever people do, and whatever is asked: no answer, difference or complement shows a group of one to four."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from storage import constituency, schema
from storage.constituency import ALL, Constituent, in_both, in_category, in_region
from storage.database import Database, Writer
from tests import databases
from tests.extent import extent

pytestmark = pytest.mark.sqlite("about rules in hundreds of histories; tests of `!me` look at the tables")

START = datetime(2026, 12, 1, tzinfo=UTC)
HARMFUL = 5
"""Fewer than so many people are a small group."""
CATEGORIES = ("state", "academia")
COUNTRIES = {"KE": "002", "FR": "150"}
CELLS = (
    ALL,
    *map(in_category, CATEGORIES),
    *map(in_region, COUNTRIES.values()),
    *(in_both(category, region) for category in CATEGORIES for region in COUNTRIES.values()),
)
Said = tuple[str | None, str | None]
"""A category and a country."""


@dataclass(frozen=True)
class Step:
    """Some people, by number, say something, or withdraw (None)."""

    people: tuple[int, ...]
    said: Said | None


Month = list[Step]
"""What happens until the next count."""


@dataclass
class Town:
    """Who says what, and what was answered, month by month."""

    answers: list[dict[str, int]] = field(default_factory=list)
    truth: list[dict[str, set[int]]] = field(default_factory=list)
    moved: list[dict[str, set[int]]] = field(default_factory=list)
    """Who came to each group, or left it, in the month."""


def cells(said: Said | None) -> set[str]:
    if said is None:
        return set()
    category, country = said
    return Constituent(
        person="", category=category, country=country, agreed_at=START, agreed_to="1", updated_at=START
    ).cells()


@dataclass
class World:
    """One database for all histories, emptied before each: to make one takes longer than to live through it."""

    runner: asyncio.Runner
    database: Database

    def live(self, months: Sequence[Month], smallest: int) -> Town:
        """Let it all happen with the real tables, and write down each answer."""
        return self.runner.run(self._live(months, smallest))

    async def _live(self, months: Sequence[Month], smallest: int) -> Town:
        async with self.database.write() as writer:
            for table in (schema.constituent, schema.counted, schema.constituency):
                await writer.sql.execute(table.delete())
        town, now = Town(), START
        here: dict[int, Said] = {}
        for number, month in enumerate(months):
            moved: dict[str, set[int]] = {cell: set() for cell in CELLS}
            now += timedelta(days=31)
            async with self.database.write() as writer:
                for step in month:
                    for person in step.people:
                        before = cells(here.get(person))
                        await say(writer, person, step.said, now)
                        if step.said is None:
                            here.pop(person, None)
                        else:
                            here[person] = step.said
                        for cell in (before ^ cells(step.said)) & set(CELLS):
                            moved[cell].add(person)
                made = await constituency.count(writer, now, smallest, whole=is_whole(number))
            town.answers.append(dict(made.shown))
            town.moved.append(moved)
            town.truth.append({cell: {who for who, said in here.items() if cell in cells(said)} for cell in CELLS})
        return town


async def say(writer: Writer, person: int, said: Said | None, now: datetime) -> None:
    user_id = f"@{person}:example.org"
    if said is None:
        await constituency.forget(writer, user_id)
        return
    category, country = said
    told = Constituent(
        person=user_id, category=category, country=country, agreed_at=now, agreed_to="1", updated_at=now
    )
    await constituency.put(writer, told)


def is_whole(month: int) -> bool:
    return month % 4 == 3


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with asyncio.Runner() as runner:
        path = tmp_path_factory.mktemp("constituency") / "bot.db"
        database = runner.run(Database.open(databases.address(path)))
        yield World(runner, database)
        runner.run(database.close())


@dataclass(frozen=True)
class Bounds:
    """How many others there may be, for all that an observer can know."""

    low: int
    high: int

    def harms(self) -> bool:
        """Tell whether it is certain that there is somebody, and that they are few."""
        return self.low >= 1 and self.high < HARMFUL

    def less(self, other: Bounds) -> Bounds:
        return Bounds(self.low - other.high, self.high - other.low)

    def and_(self, other: Bounds) -> Bounds:
        return Bounds(self.low + other.low, self.high + other.high)


class Observer:
    """Knows the rules, all answers, and what the accounts say that are theirs: those numbered from zero."""

    def __init__(self, town: Town, smallest: int, own: int) -> None:
        self.town = town
        self.smallest = smallest
        self.own = own

    def mine(self, month: int, cell: str) -> int:
        return sum(person < self.own for person in self.town.truth[month][cell])

    def others(self, month: int, cell: str) -> int:
        return len(self.town.truth[month][cell]) - self.mine(month, cell)

    def bounds(self, month: int, cell: str) -> Bounds:
        """Return what an answer that was made this month says of a cell."""
        shown, mine = self.town.answers[month].get(cell), self.mine(month, cell)
        low, high = (max(shown, self.smallest), shown + 4) if shown is not None else (0, self.smallest - 1)
        return Bounds(max(low - mine, 0), max(high - mine, 0))

    def fresh(self) -> list[int]:
        """Return the months of which it is certain that all was counted anew."""
        return [month for month in range(len(self.town.answers)) if is_whole(month)]


who = st.lists(st.integers(0, 29), min_size=1, max_size=14, unique=True).map(tuple)
what = st.tuples(st.sampled_from((*CATEGORIES, None)), st.sampled_from((*COUNTRIES, None)))
steps = st.builds(Step, who, st.one_of(st.none(), what, what))
histories = st.lists(st.lists(steps, max_size=3), min_size=1, max_size=8)
accounts = st.integers(0, 5)
often = settings(max_examples=extent(60, 15), deadline=None, suppress_health_check=list(HealthCheck))

FEW = tuple(range(10, 14))
SOME = tuple(range(10, 20))


@often
@given(histories, accounts)
@example([[Step((0, 1, 2, 3, 4), ("academia", "KE")), Step(FEW, ("academia", "KE"))]], 5)
@example([[], [], [], [Step(SOME, ("academia", "KE"))], [], [], [], [Step(FEW[:1], None)]], 0)
def test_no_answer_difference_or_complement_shows_a_small_group(
    world: World, months: list[Month], own: int
) -> None:
    """For an observer with so many accounts, where the smallest group that is shown is larger by as many."""
    smallest = HARMFUL + own
    town = world.live(months, smallest)
    observer = Observer(town, smallest, own)
    for month, answer in enumerate(town.answers):
        assert all(number % 5 == 0 and number >= 5 for number in answer.values())
        for cell in answer.keys() & set(CELLS):
            # However old a number is, it was made of enough others.
            assert any(observer.others(past, cell) >= HARMFUL for past in range(month + 1)), cell
    # Of the other months the observer knows less: a number may be one of long ago.
    for month in observer.fresh():
        for cell in CELLS:
            bounds = observer.bounds(month, cell)
            assert bounds.low <= observer.others(month, cell) <= bounds.high, "the observer is not mistaken"
            assert not bounds.harms(), cell
        for whole, parts in sums():
            shown = [part for part in parts if part in town.answers[month]]
            rest = observer.bounds(month, whole)
            for part in shown:
                rest = rest.less(observer.bounds(month, part))
            assert not Bounds(max(rest.low, 0), rest.high).harms(), (whole, shown)
        for cell in CELLS:
            for past in (one for one in observer.fresh() if one < month):
                change = observer.bounds(month, cell).less(observer.bounds(past, cell))
                assert not change.harms(), cell
                assert not Bounds(-change.high, -change.low).harms(), cell


def sums() -> list[tuple[str, tuple[str, ...]]]:
    """Return what is a part of what, without two parts that have somebody in common."""
    regions = tuple(COUNTRIES.values())
    found: list[tuple[str, tuple[str, ...]]] = [
        (ALL, tuple(map(in_category, CATEGORIES))),
        (ALL, tuple(map(in_region, regions))),
        (ALL, tuple(in_both(category, region) for category in CATEGORIES for region in regions)),
    ]
    found += [(in_category(one), tuple(in_both(one, region) for region in regions)) for one in CATEGORIES]
    found += [(in_region(one), tuple(in_both(category, one) for category in CATEGORIES)) for one in regions]
    return found


@often
@given(histories, accounts)
@example([[Step(SOME, ("academia", "KE"))], [Step((0, 1, 2, 3, 4), ("academia", "KE"))]], 5)
@example([[], [], [], [Step(SOME[:5], ("state", "KE"))], [Step((0, 1, 2, 3), ("state", "KE"))]], 4)
@example([[], [], [Step((0, *SOME[:5]), ("state", "KE"))], [Step((0,), None)], [Step((0,), ("state", "KE"))]], 1)
@example([[Step(SOME, ("state", "KE"))], [Step(FEW, None)]], 0)
@example([[Step(SOME, ("state", "KE"))], [Step(FEW, None), Step(FEW, ("state", "KE"))]], 1)
def test_between_two_counts_of_the_whole_no_number_moves_for_few(
    world: World, months: list[Month], own: int
) -> None:
    """Whoever lets their own accounts come and go sees nothing move, unless five others came, or five went.

    A number may appear for the last who was missing; five others or more are in the group then.
    """
    town = world.live(months, HARMFUL + own)
    observer = Observer(town, HARMFUL + own, own)
    for cell in CELLS:
        others, before = set[int](), None
        for month, answer in enumerate(town.answers):
            others |= {person for person in town.moved[month][cell] if person >= own}
            appeared = before is None
            changed, before = answer.get(cell) != before, answer.get(cell)
            if changed and not is_whole(month):
                assert (observer.others(month, cell) if appeared else len(others)) >= HARMFUL, (cell, month)
            if changed or is_whole(month):
                others = set()


@often
@given(histories, accounts, st.sampled_from(CATEGORIES), st.sampled_from(sorted(COUNTRIES)))
def test_a_small_group_might_as_well_not_be_there(
    world: World, months: list[Month], own: int, category: str, country: str
) -> None:
    """If a group was never shown, all answers are the same without it: nobody can tell the two worlds apart."""
    smallest = HARMFUL + own
    town = world.live(months, smallest)
    group = in_both(category, COUNTRIES[country])
    assume(not any({group, in_category(category)} & answer.keys() for answer in town.answers))

    def without(said: Said | None) -> Said | None:
        return (None, said[1]) if said and said[0] == category else said

    other = world.live([[Step(step.people, without(step.said)) for step in month] for month in months], smallest)
    assert other.answers == town.answers
