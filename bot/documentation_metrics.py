"""The page of metrics, `docs/metrics.md`, written from their declarations in `bot/metrics.py`."""

from __future__ import annotations

from bot.metrics import Metrics

INTRODUCTION = """\
# Metrics

This page is written by `make docs` from the declarations in `bot/metrics.py`; edit those.

With `web.listen` set, the bot gives these numbers to Prometheus at `/metrics`. They name commands and causes, \
never a room, a person or a word that somebody wrote. Times are in seconds, sizes in bytes; an age that is not \
known yet is `NaN`. Counters begin at 0 with each start. `deploy/grafana.json` is a dashboard that shows them."""


def page() -> str:
    """Return the page as it should be."""
    rows = ["| name | type | labels | meaning |", "|---|---|---|---|"]
    for kind in Metrics().kinds():
        labels = ", ".join(f"`{label}`" for label in kind.labels)
        rows.append(f"| `{kind.name}` | {kind.type} | {labels} | {kind.meaning} |")
    return INTRODUCTION + "\n\n" + "\n".join(rows) + "\n"
