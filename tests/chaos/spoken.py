"""Whether what was promised of what the bot says came true."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta

from bot.answers import KEY
from bot.direct import FOR
from tests.chaos import plan as plans
from tests.chaos.ledger import Ledger
from tests.chaos.seen import Json, Seen
from tests.chaos.town import Town
from tests.chaos.workload import ANSWERED
from tests.homeserver.running import reply_to

PLACED = "each answer is a reply, in the right room and thread, in order"
UNASKED = "nothing is said that nobody asked for, and nothing twice"
FOLLOWED = "edits and redactions are followed"
REMINDED = "every reminder is sent once, in one direct chat"
ANNOUNCED = "every announcement is made once in each room"

MARGIN = timedelta(seconds=10)
"""What was known that long before it was due, by the clock of the bot, is said in any case."""


class Spoken:
    """Compares the rooms with the ledger. `slip` is by how many seconds the bot's clock was wrong at most."""

    def __init__(self, town: Town, ledger: Ledger, seen: Seen, slip: float) -> None:
        self._town = town
        self._ledger = ledger
        self._seen = seen
        self._margin = MARGIN + timedelta(seconds=slip)
        self.kept: dict[str, int] = {}

    def check(self) -> None:
        """Look at everything that was said."""
        self._answers()
        self._order()
        self._nothing_else()
        self._edits()
        self._reminders()
        self._announcements()

    def _answers(self) -> None:
        replies = self._seen.replies()
        self.kept[ANSWERED] = len(self._ledger.asked)
        for one in self._ledger.asked:
            count = self._seen.closed[one.event] if one.who == "closed" else len(replies[one.event])
            wanted = 0 if one.redacted else one.answers
            if count != wanted:
                ids = (one.event, *(event["event_id"] for event in replies[one.event]))
                self._ledger.fail(
                    FOLLOWED if one.redacted else ANSWERED,
                    f"{one.who} {one.text[:50]!r}: {count} answers, wanted {wanted}",
                    one.at,
                    *ids,
                )

    def _order(self) -> None:
        here = {event["event_id"]: room for room, events in self._seen.rooms.items() for event in events}
        replies = self._seen.replies()
        for one in self._ledger.asked:
            for event in replies[one.event]:
                relation = event["content"]["m.relates_to"]
                thread = relation.get("event_id") if relation.get("rel_type") == "m.thread" else None
                self.kept[PLACED] = self.kept.get(PLACED, 0) + 1
                if here[event["event_id"]] != one.room or thread != one.thread:
                    self._ledger.fail(
                        PLACED, f"{one.text[:50]!r} at another place", one.at, one.event, event["event_id"]
                    )
        asked = {one.event: one for one in self._ledger.asked if not one.redacted}
        typed = {event for event in asked if event not in self._ledger.pressed}
        for events in self._seen.rooms.values():
            order = [event["event_id"] for event in events if event["event_id"] in typed]
            answered = [
                target
                for event in events
                if event["sender"] == self._seen.bot and (target := reply_to(event)) in typed
            ]
            answered = list(dict.fromkeys(answered))
            order = [event for event in order if event in set(answered)]
            if order != answered:
                wrong = next(a for a, b in zip(order, answered, strict=True) if a != b)
                self._ledger.fail(PLACED, "answered out of turn", asked[wrong].at, wrong)

    def _nothing_else(self) -> None:
        asked = {one.event for one in self._ledger.asked}
        keys: Counter[str] = Counter()
        where: dict[str, list[str]] = defaultdict(list)
        for room, events in self._seen.rooms.items():
            begun = _began(events, asked)
            for event in events:
                if event["sender"] != self._seen.bot:
                    continue
                key = event["content"].get(KEY)
                if key:
                    keys[key] += 1
                    where[key].append(event["event_id"])
                target = reply_to(event)
                late = target is not None and target not in asked and event["origin_server_ts"] > begun
                edit = event["content"].get("m.relates_to", {}).get("rel_type") == "m.replace"
                if late and not edit:
                    self._ledger.fail(
                        UNASKED,
                        f"an answer to what was no command, in {room}",
                        None,
                        str(target),
                        event["event_id"],
                    )
        self.kept[UNASKED] = len(keys)
        for key, count in keys.items():
            if count > 1:
                self._ledger.fail(UNASKED, f"said {count} times", None, *where[key])

    def _edits(self) -> None:
        latest: dict[str, Json] = {}
        for events in self._seen.rooms.values():
            for event in events:
                relation = event["content"].get("m.relates_to", {})
                if event["sender"] == self._seen.bot and relation.get("rel_type") == "m.replace":
                    latest[relation["event_id"]] = event
        replies = self._seen.replies()
        for one in self._ledger.asked:
            self.kept[FOLLOWED] = self.kept.get(FOLLOWED, 0) + bool(one.edited_to or one.redacted)
            if one.edited_to is None:
                continue
            for event in replies[one.event]:
                edit = latest.get(event["event_id"], event)
                body = edit["content"].get("m.new_content", edit["content"])["body"]
                if not body.startswith(one.edited_to):
                    self._ledger.fail(
                        FOLLOWED, f"not edited to {one.edited_to!r}", one.at, one.event, event["event_id"]
                    )

    def _reminders(self) -> None:
        promised = Counter((wish.who, wish.title) for wish in self._ledger.wishes)
        sure = Counter(
            (wish.who, wish.title) for wish in self._ledger.wishes if wish.promised_at < wish.due - self._margin
        )
        self.kept[REMINDED] = len(promised)
        for (who, title), most in promised.items():
            room = self._town.direct.get(who)
            if room is None:
                continue
            found = [e for e in self._seen.said(room) if f"A reminder: {title}" in e["content"].get("body", "")]
            if not sure[who, title] <= len(found) <= most:
                ids = [event["event_id"] for event in found]
                self._ledger.fail(REMINDED, f"{who} reminded {len(found)} times of {title!r}", None, *ids)
        for who in plans.WITHOUT_CHAT:
            # These chats are encrypted: a promise and a reminder for each wish, and nothing else.
            wishes = [wish for wish in self._ledger.wishes if wish.who == who]
            rooms = self._seen.opened[who]
            said = sum(len(self._seen.said(room)) for room in rooms)
            least = len(wishes) + sum(sure[who, wish.title] for wish in wishes)
            if len(rooms) != bool(wishes) or not least <= said <= 2 * len(wishes):
                self._ledger.fail(
                    REMINDED, f"{who}: {len(rooms)} chats ({FOR}), {said} messages for {len(wishes)} wishes"
                )

    def _announcements(self) -> None:
        self.kept[ANNOUNCED] = len(self._ledger.meetings) * len(plans.NEWS)
        for meeting in self._ledger.meetings:
            sure = meeting.confirmed_at < meeting.start - timedelta(hours=1) - self._margin
            for name in plans.NEWS:
                found = [
                    event["event_id"]
                    for event in self._seen.said(self._town.rooms[name])
                    if event["content"].get("body", "").startswith(meeting.title)
                ]
                if not sure <= len(found) <= 1:
                    self._ledger.fail(ANNOUNCED, f"{meeting.title!r} {len(found)} times in {name}", None, *found)


def _began(events: list[Json], asked: set[str]) -> int:
    """Return when the run began in a room: what was answered before belongs to its preparation."""
    return min((event["origin_server_ts"] for event in events if event["event_id"] in asked), default=1 << 62)
