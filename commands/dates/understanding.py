"""From a text to a date, or to what must be asked."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rapidfuzz import process
from rapidfuzz.distance import OSA

from commands.dates import durations, reading
from commands.dates.concluding import conclude
from commands.dates.heard import Here
from commands.dates.reading import Draft
from commands.dates.text import Text
from commands.dates.understood import AskingError, Caution, Reason, Unclear, Understood
from commands.dates.vocabulary import MONTHS, WEEKDAYS

LONGEST = 4000
"""Characters in which a date is looked for. What follows is left as it is."""

WORD = re.compile(r"[a-z]{5,}")
MISSPELT = [word for word in (*MONTHS, *WEEKDAYS) if len(word) > 4]


def understand(words: str, language: str, now: datetime, zone: str) -> Understood | Unclear:
    """Return the date that somebody said, or what to ask back.

    `now` is aware; `zone` is the IANA name of the person's zone, which holds when the words name none. The
    language of the person decides nothing but which of two words was meant. Await `config.zones.ready` before
    the first call, or it takes about a second.
    """
    here = Here(now.astimezone(ZoneInfo(zone)).replace(second=0, microsecond=0), zone, language)
    text = Text(words[:LONGEST])
    found = _understand(text, here)
    nothing = isinstance(found, Unclear) and found.reason is Reason.NOTHING
    if nothing or (isinstance(found, Understood) and Caution.DAY_GUESSED in found.cautions):
        corrected = _corrected(text)
        second = _understand(Text(corrected), here) if corrected else None
        if isinstance(second, Understood) and Caution.DAY_GUESSED not in second.cautions:
            found = Unclear(Reason.MISSPELT, " ".join(words.split())[:60], (second,))
    return _with_the_tail(found, words[LONGEST:])


def _with_the_tail(found: Understood | Unclear, tail: str) -> Understood | Unclear:
    if not tail:
        return found
    if isinstance(found, Understood):
        return replace(found, rest=found.rest + tail)
    return replace(found, choices=tuple(replace(one, rest=one.rest + tail) for one in found.choices))


def duration(words: str) -> timedelta | None:
    """Return how long something takes, in whatever words; None if that is not all that they say."""
    text = Text(words.strip())
    read = durations.read_duration(text.plain, 0)
    return read[0] if read and not text.plain[read[1] :].strip() and read[0] <= durations.LONGEST else None


def _understand(text: Text, here: Here) -> Understood | Unclear:
    draft: Draft | None = None
    try:
        draft = reading.read(text, here)
        if draft is None:
            return Unclear(Reason.NOTHING, text.words(0, 60))
        found = conclude(draft.heard, here)
        for start, end in draft.spans:
            text.take(start, end)
        rest = text.rest()
        found = tuple(replace(one, rest=rest) for one in found)
        if len(found) > 1 or (draft.heard.reason is not None and not _is_settled(draft.heard.reason, len(found))):
            return Unclear(draft.heard.reason or Reason.WHICH_DAY, draft.heard.words, found)
        return _with_what_stands_apart(text, draft, here, found[0])
    except AskingError as error:
        words = error.unclear.words or (text.words(draft.spans[0][0], draft.end) if draft and draft.spans else "")
        return replace(error.unclear, words=words)


def _is_settled(reason: Reason, choices: int) -> bool:
    """Tell whether one choice is an answer. A zone that is the nearest by its name is none."""
    return choices == 1 and reason not in (Reason.ZONES, Reason.SKIPPED, Reason.OFFSET)


def _with_what_stands_apart(text: Text, draft: Draft, here: Here, found: Understood) -> Understood | Unclear:
    """Ask whether a time that stands further on belongs to the date, or the other way round."""
    try:
        more = reading.lone_number(text, draft) or reading.apart(text, draft, here)
        wider = conclude(more.heard, here) if more else ()
    except AskingError as error:
        if error.unclear.reason is Reason.IMPOSSIBLE_TIME:
            raise
        return found
    if not more or not wider:
        return found
    start, end = more.spans[len(draft.spans)]
    whole = Text(text.said)
    for span in more.spans:
        whole.take(*span)
    choices = (*(replace(one, rest=whole.rest()) for one in wider[:3]), found)
    return Unclear(Reason.SCATTERED, text.words(start, end), choices)


def _corrected(text: Text) -> str:
    """Return the text with names of months and days as they are spelt; empty if none is misspelt."""
    said, place, changed = [], 0, False
    for found in WORD.finditer(text.plain):
        if found.group() in MISSPELT:
            continue
        near = process.extract(found.group(), MISSPELT, scorer=OSA.distance, score_cutoff=1, limit=3)
        numbers = {MONTHS.get(word, WEEKDAYS.get(word, 0) - 10) for word, *_ in near}
        if len(numbers) == 1:
            said += [text.said[place : found.start()], near[0][0]]
            place, changed = found.end(), True
    return "".join([*said, text.said[place:]]) if changed else ""
