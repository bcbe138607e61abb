"""What an HTTP answer of the homeserver that is no success means for the bot."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bot.errors import ConfirmError, LimitedError, LoggedOutError, MatrixError, RefusedError, UnreachableError
from bot.wire import clean

SHORTEST_WAIT_SECONDS = 0.1
"""A homeserver that says "too many" and "come back at once" would be asked in a circle."""
DEFAULT_WAIT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 3600.0


def failure(status: int, headers: Mapping[str, str], found: object) -> MatrixError:
    """Return the error to raise for an answer with this status, these headers and this JSON (None: no JSON)."""
    body = found if isinstance(found, Mapping) else {}
    errcode = clean(str(body.get("errcode", "")))
    if status == 429 or errcode == "M_LIMIT_EXCEEDED":
        return LimitedError(_retry_after(headers, body))
    if errcode == "M_UNKNOWN_TOKEN" or (status == 401 and errcode == "M_MISSING_TOKEN"):
        return LoggedOutError(soft=body.get("soft_logout") is True)
    if errcode == "M_USER_DEACTIVATED":
        return LoggedOutError()
    if status == 401 and isinstance(body.get("flows"), list):
        return ConfirmError(_flows(body["flows"]), str(body.get("session", "")))
    # A 4xx without an errcode comes from something in between, a proxy that is being restarted, say. But one
    # that finds a message too large will find it so again. A homeserver that is full (monthly active users)
    # says so with a 4xx and takes the same request again when its operator has made room.
    final = errcode not in ("", "M_RESOURCE_LIMIT_EXCEEDED") or status == 413
    if 400 <= status < 500 and final:
        return RefusedError(status, errcode, clean(str(body.get("error", "")))[:200])
    return UnreachableError(f"HTTP {status} {errcode or 'without a Matrix answer'}")


def _retry_after(headers: Mapping[str, str], body: Mapping[str, Any]) -> float:
    milliseconds = body.get("retry_after_ms")
    try:
        if isinstance(milliseconds, int | float) and not isinstance(milliseconds, bool):
            wait = milliseconds / 1000
        else:
            wait = float(headers.get("Retry-After", ""))
    except (ValueError, OverflowError):
        return DEFAULT_WAIT_SECONDS
    if math.isnan(wait):
        return DEFAULT_WAIT_SECONDS
    return min(max(wait, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)


def _flows(found: list[object]) -> list[list[str]]:
    stages = [flow.get("stages") for flow in found if isinstance(flow, Mapping)]
    return [[str(stage) for stage in flow] for flow in stages if isinstance(flow, list)]
