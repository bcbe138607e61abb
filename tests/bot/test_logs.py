"""What members write is never in the log."""

from __future__ import annotations

from bot.logs import without_words


def failing(text: str) -> None:
    try:
        int(text)
    except ValueError as error:
        msg = f"cannot read {text}"
        raise RuntimeError(msg) from error


def test_an_exception_is_logged_without_its_words() -> None:
    try:
        failing("a secret of a member")
    except RuntimeError as error:
        entry = without_words(None, "error", {"event": "failed", "exc_info": error})
        same = without_words(None, "error", {"event": "failed", "exc_info": True})
    assert entry == same
    assert "secret" not in str(entry)
    assert entry["trace"].startswith("RuntimeError at tests/bot/test_logs.py:")
    assert " <- ValueError at tests/bot/test_logs.py:" in entry["trace"]


def test_an_entry_without_an_exception_stays_as_it_is() -> None:
    assert without_words(None, "info", {"event": "ready"}) == {"event": "ready"}
