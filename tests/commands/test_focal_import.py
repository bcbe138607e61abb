"""Many records at once: shown, applied, taken back, and never by halves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config import countries
from tests.commands.conftest import NOW, Conversation

MODERATOR = "@mod:example.org"
HEAD = "kind,country,title_en,status,as_of,evidence,source"
TABLE = "\n".join(
    [
        HEAD,
        "r2p_focal_point,Kenya,Office of the Attorney General,active,2026-11,A,Note verbale",
        "r2p_focal_point,Rwanda,Ministry of Justice,active,2026-11,A,Note verbale",
        "national_mechanism,Ghana,,removed,,,",
    ]
).encode()


@pytest.fixture
def moderator(ask: Conversation) -> str:
    ask.moderators.add(MODERATOR)
    return MODERATOR


async def test_an_import_is_shown_applied_and_taken_back(ask: Conversation, moderator: str) -> None:
    said = await ask("!import focal", by=moderator, file=TABLE) or ""
    assert said.startswith("New: 1; changed: 1; removed: 1; as before: 0.\n\nNew\n\n- Kenya – R2P focal point\n")
    assert "- Rwanda – R2P focal point (titles, appointed_year, as_of, source, source_url)" in said
    assert "Removed\n\n- Ghana – National mechanism" in said
    assert "Nothing has changed yet. ✅ or !import apply 1 within ten minutes does it, ❌ drops it." in said
    assert "I have no record" in (await ask("!focal kenya") or "")

    await ask("!import focal", by=moderator, file=TABLE)
    assert await ask("!import apply 1", by=moderator) == "Import 1 was dropped. Send the file again."
    assert await ask("!import apply", by=moderator) == (
        "Import 2 is done. New: 1; changed: 1; removed: 1; as before: 0.\n\nTo take it back: !import undo 2"
    )
    assert "Office of the Attorney General" in (await ask("!focal kenya") or "")
    assert "Ministry of Justice" in (await ask("!focal rwanda") or "")
    assert "I have no record of a national mechanism" in (await ask("!mechanism ghana") or "")
    assert await ask("!import apply 2", by=moderator) == "Import 2 is done already."

    assert await ask("!import undo", by=moderator) == "Import 2 is taken back. 3 records are as before."
    assert "I have no record" in (await ask("!focal kenya") or "")
    assert "Since 2015." in (await ask("!focal rwanda") or "")
    assert "National Peace Council" in (await ask("!mechanism ghana") or "")
    assert await ask("!import undo", by=moderator) == "Import 2 was taken back already."
    assert await ask("!import undo 7", by=moderator) == "There is no import to take back."


async def test_the_buttons_stand_for_the_commands(ask: Conversation, moderator: str) -> None:
    await ask("!import focal", by=moderator, file=TABLE)
    assert ask.buttons == {"✅": "import apply 1", "❌": "import cancel 1"}
    assert await ask.press("❌", by=moderator) == "Import 1 is dropped. Nothing was changed."
    await ask("!import focal", by=moderator, file=TABLE)
    pressed = dict(ask.buttons)
    assert "is for moderators" in (await ask.press("✅") or "")
    ask.buttons = pressed
    assert "Import 2 is done." in (await ask.press("✅", by=moderator) or "")


async def test_without_a_file_it_waits_for_one(ask: Conversation, moderator: str) -> None:
    said = await ask("!import focal", by=moderator) or ""
    assert said.startswith("Send me the table (CSV) within ten minutes.")
    assert ask.awaits_file == "import focal"


async def test_after_ten_minutes_it_is_too_late(ask: Conversation, moderator: str) -> None:
    await ask("!import focal", by=moderator, file=TABLE)
    ask.now = NOW + timedelta(minutes=10, seconds=1)
    assert "more than ten minutes ago, so I did nothing" in (await ask("!import apply 1", by=moderator) or "")
    assert "I have no record" in (await ask("!focal kenya") or "")


async def test_what_changed_since_the_preview_stops_it(ask: Conversation, moderator: str) -> None:
    await ask("!import focal", by=moderator, file=TABLE)
    await ask("!focal vacant rwanda", by=moderator)
    said = await ask("!import apply", by=moderator) or ""
    assert said.startswith("Nothing was changed, because these were changed after I showed you the preview:")
    assert "- Rwanda – R2P focal point" in said
    assert "I have no record" in (await ask("!focal kenya") or "")


async def test_undo_leaves_what_was_changed_since(ask: Conversation, moderator: str) -> None:
    await ask("!import focal", by=moderator, file=TABLE)
    await ask("!import apply", by=moderator)
    await ask("!focal set kenya title: Ministry of Justice", by=moderator)
    said = await ask("!import undo", by=moderator) or ""
    assert said == (
        "Import 1 is taken back. 2 records are as before.\n\nThese were changed since, and stay as they are:\n\n"
        "- Kenya – R2P focal point"
    )
    assert "Ministry of Justice" in (await ask("!focal kenya") or "")


async def test_the_whole_list_removes_what_is_not_in_it(ask: Conversation, moderator: str) -> None:
    said = await ask("!import focal all", by=moderator, file=TABLE) or ""
    assert said.startswith("New: 1; changed: 1; removed: 100; as before: 0.")
    await ask("!import apply", by=moderator)
    assert (await ask("!focal stats") or "").startswith("2 R2P focal points are on record.")
    assert "101 records are as before." not in (said := await ask("!import undo", by=moderator) or "")
    assert "102 records are as before." in said
    assert (await ask("!focal stats") or "").startswith("21 R2P focal points are on record.")


async def test_what_is_exported_changes_nothing_when_it_is_imported(ask: Conversation, moderator: str) -> None:
    assert await ask("!export focal", by=moderator) == "The table with 101 records, as of now."
    (file,) = ask.attachments
    assert file.name == "focal-2026-12-01.csv"
    assert await ask("!import focal all", by=moderator, file=file.data) == (
        "Everything in this table is already so; there is nothing to change."
    )


async def test_two_thousand_rows_with_twenty_bad_ones_and_then_without(ask: Conversation, moderator: str) -> None:
    codes = list(countries.countries())[:200]
    rows = [f"{HEAD},number"]
    rows += [
        f"national_mechanism,{codes[at % 200]},Office {at},active,2026,A,x,{1 + at // 200}" for at in range(2000)
    ]
    bad = range(50, 2050, 100)
    spoilt = [row.replace(",active,", ",maybe,") if at in bad else row for at, row in enumerate(rows)]
    said = await ask("!import focal", by=moderator, file="\n".join(spoilt).encode()) or ""
    assert said.startswith("20 lines of this table have mistakes. Nothing was changed.")
    for at in bad:
        assert f"- line {at + 1}, status: maybe is no status. Write active, vacant, unknown or removed" in said
    said = await ask("!import focal", by=moderator, file="\n".join(rows).encode()) or ""
    assert "New: 199" in said
    assert "Import 1 is done." in (await ask("!import apply", by=moderator) or "")
    assert "is taken back" in (await ask("!import undo", by=moderator) or "")
    assert "101 records" in (await ask("!export focal", by=moderator) or "")


async def test_hostile_cells_stay_text(ask: Conversation, moderator: str) -> None:
    row = '"=HYPERLINK(""https://evil.example"")",@room <img src=x>'
    data = f"{HEAD},note_en\nr2p_focal_point,Kenya,{row.split(',@')[0]},active,2026,A,x,@room <img src=x>".encode()
    await ask("!import focal", by=moderator, file=data)
    assert "is done" in (await ask("!import apply", by=moderator) or "")
    await ask("!focal kenya")
    assert ask.last is not None
    assert ask.last.html is not None
    assert "<img" not in ask.last.html
    assert "@\u2060room" in ask.last.body
    await ask("!export focal", by=moderator)
    (file,) = ask.attachments
    assert b"\"'=HYPERLINK" in file.data
