"""What the bot counts about itself, for Prometheus. Numbers and names of commands: no room, no person, no word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics import MetricWrapperBase

from storage.figures import Figures
from storage.problems import Kind

NOT_UNDERSTOOD = "unknown"
BUCKETS = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, 600.0)
LATE_SECONDS = 600.0
LEADS = "leads"


@dataclass(frozen=True, slots=True)
class Moment:
    """How the running bot is now: what no table knows. Ages in seconds; None before the first time."""

    sync_age: float | None
    clock_age: float | None
    rooms: int
    lanes: int
    malformed: int
    rate_limited_for: float
    problems: Mapping[Kind, int] = field(default_factory=dict)
    backup_age: float | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as Prometheus sees it, for the page that lists them."""

    name: str
    type: str
    labels: tuple[str, ...]
    meaning: str


class Metrics:
    """Counters that are kept while the bot runs, and gauges that are set when they are asked for."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._commands = Counter(
            "gaamac_commands",
            "Events handled, by command and what became of them; `unknown` is what was not understood.",
            ["command", "outcome"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "gaamac_answer_seconds",
            "From the event to its stored answer.",
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._retries = Counter(
            "gaamac_send_retries",
            "Sends that must be tried again, by cause: rate limit, homeserver or error.",
            ["cause"],
            registry=self._registry,
        )
        self._tasks = Counter(
            "gaamac_tasks",
            "What was due and done, by kind and whether it was in time, late (more than ten minutes) or missed.",
            ["kind", "when"],
            registry=self._registry,
        )
        self._problems = Gauge(
            "gaamac_problems", "Problems that need a person, by kind.", ["kind"], registry=self._registry
        )
        self._gauges = {
            name: Gauge(f"gaamac_{name}", words, registry=self._registry)
            for name, words in {
                "sync_age_seconds": "Since the last round with the homeserver.",
                "rooms": "Rooms that the bot is in.",
                "lanes": "Rooms in which something is being handled.",
                "malformed_events": "Events since the start that were not what the specification says.",
                "rate_limited_seconds": "For how long the homeserver takes nothing.",
                "inbox_pending": "Events that wait to be handled.",
                "outbox_pending": "Messages that wait to be sent.",
                "outbox_oldest_seconds": "Since when the oldest of them waits.",
                "outbox_refused": "Messages that the homeserver refused for good.",
                "due": "Things that are to be done at some time.",
                "overdue": "Of these, those whose time is over.",
                "overdue_oldest_seconds": "How late the latest of them is.",
                "digest_persons": "Persons who get the digest.",
                "digest_rooms": "Rooms that get the digest.",
                "queue_waiting": "Submissions that wait for moderators.",
                "queue_oldest_seconds": "Since when the oldest of them waits.",
                "welcomes_waiting": "Newcomers who are still to be welcomed.",
                "database_bytes": "Size of the database.",
                "backup_age_seconds": "Since the newest daily backup was made; not a number when there is none.",
                LEADS: "1 when this instance works, 0 when it stands by for another.",
            }.items()
        }

    def kinds(self) -> list[Metric]:
        """Return what is counted, in the order in which it is declared."""
        found = []
        for collector in self._registry._collector_to_names:
            assert isinstance(collector, MetricWrapperBase)  # noqa: S101 - we declare nothing else
            [family] = collector.describe()
            name = f"{family.name}_total" if family.type == "counter" else family.name
            found.append(Metric(name, family.type, tuple(collector._labelnames), family.documentation))
        return found

    def handled(self, command: str | None, outcome: str, sent_at: datetime) -> None:
        """Count an event that was handled, and how long that took."""
        self._commands.labels(command or NOT_UNDERSTOOD, outcome).inc()
        if outcome == "answered":
            self._seconds.observe(max((datetime.now(UTC) - sent_at).total_seconds(), 0.0))

    def retried(self, cause: str) -> None:
        """Count a send that must be tried again."""
        self._retries.labels(cause).inc()

    def done(self, kind: str, late: float, *, missed: bool) -> None:
        """Count something that was due; `late` in seconds."""
        self._tasks.labels(kind, "missed" if missed else "late" if late > LATE_SECONDS else "in time").inc()

    def shown(self, now: Moment, figures: Figures) -> bytes:
        """Return all in the text format of Prometheus."""
        values = {
            "sync_age_seconds": now.sync_age if now.sync_age is not None else float("nan"),
            "rooms": now.rooms,
            "lanes": now.lanes,
            "malformed_events": now.malformed,
            "rate_limited_seconds": now.rate_limited_for,
            "inbox_pending": figures.inbox_pending,
            "outbox_pending": figures.outbox_pending,
            "outbox_oldest_seconds": figures.outbox_oldest,
            "outbox_refused": figures.outbox_refused,
            "due": figures.due,
            "overdue": figures.overdue,
            "overdue_oldest_seconds": figures.overdue_oldest,
            "digest_persons": figures.digest_persons,
            "digest_rooms": figures.digest_rooms,
            "queue_waiting": figures.queue_waiting,
            "queue_oldest_seconds": figures.queue_oldest,
            "welcomes_waiting": figures.welcomes_waiting,
            "database_bytes": figures.database_bytes,
            "backup_age_seconds": now.backup_age if now.backup_age is not None else float("nan"),
            LEADS: 1,
        }
        for name, value in values.items():
            self._gauges[name].set(value)
        for kind in Kind:
            self._problems.labels(kind.value).set(now.problems.get(kind, 0))
        return generate_latest(self._registry)

    def standing_by(self) -> bytes:
        """Return what an instance tells that does not work: just that."""
        self._gauges[LEADS].set(0)
        return generate_latest(self._registry.restricted_registry([f"gaamac_{LEADS}"]))
