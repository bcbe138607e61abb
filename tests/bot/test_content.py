"""All content out of one instance and into another, with other rooms and another homeserver; and back the same."""

from __future__ import annotations

import asyncio
import fcntl
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from typer.testing import CliRunner

from bot import content_files
from bot.cli import app
from bot.errors import EXIT_PROBLEM, EXIT_SETTINGS
from storage import (
    commitments,
    due,
    events,
    focal,
    guidance,
    library,
    practice_search,
    reviews,
    submissions,
    weekly_terms,
)
from storage import starter as starter_content
from storage.database import Database
from storage.events import Event
from storage.occurrences import Timing
from storage.reviews import Remark
from storage.submissions import Actor, Submission
from tests import databases

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
FILES = {
    "glossary.csv", "glossary.tbx", "focal.csv", "focal.jsonl", "events.ics", "events.jsonl", "practices.jsonl",
    "reviews.jsonl", "audit.jsonl", "guidance.jsonl", "weekly_terms.jsonl", "schema.json",
}  # fmt: skip


class Two:
    """An instance with content and a new one elsewhere, and one more."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = 0
        for name in ("old", "new", "again"):
            (folder / f"{name}.toml").write_text(
                f'data_dir = "{folder}/{name}"\ndatabase_url = "{self.url(name)}"\n'
                '[matrix]\nhomeserver = "http://localhost:1"\n'
                f'user_id = "@bot:{name}.example.org"\n'
            )

    def __call__(self, at: str, *typed: str) -> str:
        command = [str(self.folder / word) if word.startswith("out") else word for word in typed]
        result = CliRunner().invoke(app, [*command, "--config", str(self.folder / f"{at}.toml")])
        assert not isinstance(result.exception, Exception), result.exception
        self.code = result.exit_code
        return result.output.replace(f"{self.folder}/", "").strip()

    def url(self, name: str) -> str:
        return databases.address(self.folder / name / "bot.db", empty=True)

    def files(self, name: str) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in (self.folder / name).iterdir()}

    def lines(self, name: str, file: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / name / file).read_text().splitlines()]

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / "out" / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))


async def fill(database: Database) -> None:
    """Put something of everything into a database."""
    await starter_content.load(database, NOW)
    async with database.write() as writer:
        await events.add(
            writer,
            Event(
                uid="1@old.example.org",
                kind="meeting",
                titles={"en": "Early warning", "fr": "Alerte précoce"},
                descriptions={"en": "Meet in #early:old.example.org. Not #early:old.example.organisation"},
                timing=Timing(start="2027-03-01T15:00", zone="Africa/Nairobi", rule="FREQ=MONTHLY;COUNT=3"),
                link="https://matrix.to/#/#early:old.example.org",
                rooms=["!announcements:old.example.org"],
            ),
            NOW,
        )
        kept = await focal.book(writer)
        confirmed = {"confirmed_by": "@mia:old.example.org", "confirmed_at": NOW, "version": 2}
        await focal.put(writer, [kept.records[0].model_copy(update=confirmed)])
        for number, state in enumerate(("published", "draft", "erased", "rejected"), start=1):
            one = await submissions.add(writer, practice(number))
            author, moderator = Actor("author", "ab12"), Actor("moderator", "cd34")
            if state == "erased":
                await submissions.change(writer, one.id, "erase", author, NOW)
            elif state != "draft":
                await submissions.change(writer, one.id, "submit", author, NOW)
                await submissions.change(writer, one.id, "claim", moderator, NOW)
                remark = Remark(submission_id=one.id, by="cd34", item="sources", answer="yes", at=NOW)
                await reviews.add(writer, [remark])
            if state == "published":
                await submissions.change(writer, one.id, "approve", moderator, NOW)
                await submissions.change(writer, one.id, "publish", Actor("bot"), NOW)
            elif state == "rejected":
                await submissions.change(writer, one.id, "reject", moderator, NOW, reason="No results yet.")
        await guidance.put(writer, "reports", "en", "Ask in #help:old.example.org", NOW)
        await weekly_terms.posted(writer, "genocide", "2026-W48", NOW)
        await weekly_terms.choose(writer, "early-warning", NOW)


def practice(number: int) -> Submission:
    return Submission(
        kind="practice",
        author="ab12",
        language="en",
        fields={
            "title": f"Radio number {number}",
            "summary": "Voices on the air.",
            "country": "KE",
            "visibility": "public",
        },
        consent={"text": "1"},
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.fixture
async def two(tmp_path: Path) -> Two:
    await databases.filled(tmp_path / "old" / "bot.db", fill)  # before its address is asked for
    return Two(tmp_path)


RENAMES = ("--rename", "old.example.org=new.example.org", "--rename", "!announcements:new.example.org=!abc")
BACK = ("--rename", "!abc=!announcements:new.example.org", "--rename", "new.example.org=old.example.org")


def export(two: Two, at: str, name: str) -> None:
    said = two(at, "export", name)
    assert two.code == 0, said


def test_what_is_exported_is_imported_elsewhere_and_exported_the_same(two: Two) -> None:
    export(two, "old", "out")
    assert set(two.files("out")) == FILES
    said = two("new", "import", "out")
    assert two.code == 0, said
    assert "Nothing was posted in rooms." in said
    export(two, "new", "out2")
    assert two.files("out2") == two.files("out")


def test_rooms_and_servers_get_other_names(two: Two) -> None:
    export(two, "old", "out")
    said = two("new", "import", "out", *RENAMES)
    assert two.code == 0, said
    assert "old.example.org became new.example.org in 4 places." in said
    assert "!announcements:new.example.org became !abc in 1 places." in said
    assert "Events are announced in !abc." in said
    export(two, "new", "out2")
    event = two.lines("out2", "events.jsonl")[-1]
    assert event["rooms"] == ["!abc"]
    assert event["link"] == "https://matrix.to/#/#early:new.example.org"
    assert event["descriptions"]["en"] == "Meet in #early:new.example.org. Not #early:old.example.organisation"
    assert event["uid"] == "1@old.example.org"
    assert two.lines("out2", "guidance.jsonl")[0]["text"] == "Ask in #help:new.example.org"
    chosen = [(one["concept_id"], one["week"]) for one in two.lines("out2", "weekly_terms.jsonl")]
    assert chosen == [("genocide", "2026-W48"), ("early-warning", None)]


def test_with_the_names_back_all_is_as_it_was(two: Two) -> None:
    export(two, "old", "out")
    two("new", "import", "out", *RENAMES)
    export(two, "new", "out2")
    two("again", "import", "out2", *BACK)
    assert two.code == 0
    export(two, "again", "out3")
    assert two.files("out3") == two.files("out")


async def test_numbers_stay_and_what_was_published_is_found(two: Two) -> None:
    await asyncio.to_thread(export, two, "old", "out")
    await asyncio.to_thread(two, "new", "import", "out")
    database = await Database.open(two.url("new"))
    async with database.write() as writer:
        assert await practice_search.find(writer, "radios", "en") == [1]
        found = await submissions.get(writer, 1)
        assert found is not None
        assert found.state == "published"
        assert await library.practice_countries(writer) == {"KE": 1}, "the public library shows what it showed"
        assert (await submissions.add(writer, practice(9))).id == 5, "no number is given twice"
        [waits] = [one for one in await due.ready(writer, datetime.now(UTC), 100) if one.subject == "35"]
        assert waits.kind == "event_changed", "what is to be announced of it is planned"
    await database.close()


PROMISE: dict[str, Any] = {
    "title": "Judges learn of early signs",
    "category": "state",
    "country": "KE",
    "deadline": "2099-12-09",
    "milestones": "2098-06-01 the course is written",
    "known": "A list.",
    "visibility": "public",
}
REPORT = {"commitment": 5, "level": "limited", "text": "it began", "link": "https://example.org"}


async def commit(two: Two) -> None:
    """Publish a commitment and a report on it."""
    database = await Database.open(two.url("old"))
    async with database.write() as writer:
        for kind, fields in (("commitment", PROMISE), ("progress", REPORT)):
            one = await submissions.add(writer, practice(0).model_copy(update={"kind": kind, "fields": fields}))
            await submissions.change(writer, one.id, "submit", Actor("author", "ab12"), NOW)
            await submissions.change(writer, one.id, "approve", Actor("moderator", "cd34"), NOW)
            await submissions.change(writer, one.id, "publish", Actor("bot"), NOW)
    await database.close()


async def test_commitments_are_as_far_as_they_were(two: Two) -> None:
    await commit(two)
    await asyncio.to_thread(export, two, "old", "out")
    await asyncio.to_thread(two, "new", "import", "out")
    await asyncio.to_thread(export, two, "new", "out2")
    assert two.files("out2") == two.files("out")
    database = await Database.open(two.url("new"))
    async with database.read() as reader:
        (one,) = await commitments.find(reader, ["KE"])
        assert (one.id, one.level, one.promise.title) == (5, "limited", "Judges learn of early signs")
        assert [report.text for report in await commitments.reports(reader, 5)] == ["it began"]
        assert await due.get(reader, commitments.CHANGED, "5") is not None
    await database.close()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"deadline":"2099-12-09"', '"deadline":"some day"', "practices.jsonl, line 5: fields.deadline: "),
        ('"milestones":"2098-', '"milestones":"in 2098 ', "practices.jsonl, line 5: fields.milestones"),
        ('"category":"state"', '"category":"king"', "practices.jsonl, line 5: fields.category: "),
        ('"level":"limited"', '"level":"great"', "practices.jsonl, line 6: fields.level: "),
        ('"commitment":5', '"commitment":1', "practices.jsonl, line 6: there is no commitment 1."),
    ],
)
async def test_commitments_that_could_not_be_shown_are_named(two: Two, old: str, new: str, said: str) -> None:
    await commit(two)
    await asyncio.to_thread(export, two, "old", "out")
    two.edit("practices.jsonl", old, new)
    printed = await asyncio.to_thread(two, "new", "import", "out")
    assert said in printed
    assert two.code == EXIT_PROBLEM


def test_no_matrix_id_leaves(two: Two) -> None:
    export(two, "old", "out")
    for name, data in two.files("out").items():
        assert b"@mia" not in data, name
        assert not re.search(rb'"@[a-z]+:', data), name


def test_other_programs_read_it(two: Two) -> None:
    export(two, "old", "out")
    calendar = Calendar.from_ical((two.folder / "out" / "events.ics").read_bytes())
    assert "Early warning" in [str(one.get("summary")) for one in calendar.walk("VEVENT")]
    schema = json.loads((two.folder / "out" / "schema.json").read_text())
    for name, described in schema["files"].items():
        for line in two.lines("out", name):
            assert set(line) == set(described["properties"]), name


def test_it_works_while_the_bot_runs(two: Two) -> None:
    (two.folder / "old").mkdir(exist_ok=True)
    with (two.folder / "old" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        export(two, "old", "out")
        assert two("old", "export", "out.csv").startswith("Exported")


def test_only_into_a_new_instance(two: Two) -> None:
    export(two, "old", "out")
    before = two.files("out")
    said = two("old", "import", "out")
    assert said.startswith("This instance is not new: it has ")
    assert "practices" in said
    assert two.code == EXIT_PROBLEM
    export(two, "old", "out2")
    assert two.files("out2") == before


def test_a_dry_run_changes_nothing(two: Two) -> None:
    export(two, "old", "out")
    assert "is in order" in two("new", "import", "out", "--dry-run")
    two("new", "import", "out")
    assert two.code == 0


def test_a_folder_that_holds_something_is_left_alone(two: Two) -> None:
    (two.folder / "out").mkdir()
    (two.folder / "out" / "precious").write_text("x")
    assert "out cannot be written" in two("old", "export", "out")
    assert two.code == EXIT_PROBLEM
    assert two.files("out") == {"precious": b"x"}
    assert list(two.folder.glob(".out*")) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("events.jsonl", '"kind":"meeting"', '"kind":"party"', "events.jsonl, line 16: kind: "),
        ("events.jsonl", '"id":35', '"id":34', "events.jsonl, line 35: 34 is in line 34 already."),
        ("events.jsonl", '{"uid"', '{"nonsense":1,"uid"', "events.jsonl, line 1: nonsense: "),
        ("practices.jsonl", '"state":"draft"', '"state":"secret"', "practices.jsonl, line 2: state: "),
        ("practices.jsonl", '{"id":1', '{"id":7', "reviews.jsonl, line 1: there is no submission 1."),
        ("audit.jsonl", '"actor":"cd34"', '"actor":"ab12"', "audit.jsonl, line 3: it was changed"),
        ("guidance.jsonl", '"reports"', '"reports', "guidance.jsonl, line 1: "),
        ("weekly_terms.jsonl", "2026-W48", "in winter", "weekly_terms.jsonl, line 1: "),
        (
            "glossary.csv",
            "genocide,topic,,crimes",
            "genocide,topics,,crimes",
            "glossary.csv, line 2: there is no kind",
        ),
        ("schema.json", '"format": 1', '"format": 2', "schema.json, line 1: "),
    ],
)
def test_each_mistake_is_named_and_nothing_is_imported(two: Two, file: str, old: str, new: str, said: str) -> None:
    export(two, "old", "out")
    two.edit(file, old, new)
    printed = two("new", "import", "out")
    assert printed.startswith("out has mistakes. Nothing was imported.\n")
    assert said in printed
    assert two.code == EXIT_PROBLEM
    assert not (two.folder / "new" / "bot.db").exists()


def test_a_file_that_is_missing_is_named(two: Two) -> None:
    export(two, "old", "out")
    (two.folder / "out" / "reviews.jsonl").unlink()
    assert two("new", "import", "out") == (
        "out is not a whole export: reviews.jsonl cannot be read: No such file or directory."
    )


@pytest.mark.parametrize("typed", ["a", "#a:x", "#a:x=b.org", "a.org=#b:x", "=", "#a:x=#b y"])
def test_what_is_no_renaming(two: Two, typed: str) -> None:
    export(two, "old", "out")
    assert two("new", "import", "out", "--rename", typed).startswith(f"--rename {typed}: write OLD=NEW")
    assert two.code == EXIT_SETTINGS


def test_each_field_is_documented_and_no_other() -> None:
    text = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    for name, (_, model) in content_files.LINES.items():
        section = text.partition(f"## {name}\n")[2].partition("\n## ")[0]
        assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(model.model_fields), name
