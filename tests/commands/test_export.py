"""The glossary as a file, for moderators."""

from __future__ import annotations

import pytest

from storage import glossary_csv, glossary_tbx
from tests.commands.conftest import Conversation

ANNA = "@anna:example.org"


@pytest.mark.parametrize(
    ("typed", "name", "read"),
    [
        ("!export glossary", "glossary-2026-12-01.csv", glossary_csv.read),
        ("!export glossary TBX", "glossary-2026-12-01.tbx", glossary_tbx.read),
        ("!exporter glossaire tbx", "glossary-2026-12-01.tbx", glossary_tbx.read),
        ("!exportar glosario .csv", "glossary-2026-12-01.csv", glossary_csv.read),
    ],
)
async def test_the_file_holds_the_glossary(ask: Conversation, typed: str, name: str, read: object) -> None:
    ask.moderators.add(ANNA)
    assert await ask(typed, by=ANNA) == "The glossary with 75 concepts, as of now."
    (file,) = ask.attachments
    assert file.name == name
    assert callable(read)
    assert len(read(file.data)) == 75


async def test_only_moderators_and_only_what_there_is(ask: Conversation) -> None:
    assert await ask("!export glossary") == (
        "!export glossary is for moderators. Ask one of them in the community room."
    )
    ask.moderators.add(ANNA)
    said = await ask("!export glossary pdf", by=ANNA)
    assert said is not None
    assert said.startswith("I do not know a file of the kind pdf.")
    assert "!export glossary" in said
    assert ask.attachments == ()
