"""All tables, as SQLAlchemy Core. Migrations create them; a test compares the two.

Times are stored in UTC and handed out aware (`UtcDateTime`). Columns that hold a person's Matrix id are
marked with `info={"person": ...}`, so that a test can prove that export and erasure know each of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

HEAD = "0024"
"""The newest migration. A test fails when it is not the head of `migrations/versions`."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC. A naive one is refused: it would be an hour off somewhere."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Turn an aware time into UTC; SQLite keeps it without the zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"a time without a zone cannot be stored: {value!r}"
            raise ValueError(msg)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Give the stored time its zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text that is compared by its code points, as SQLite does it: what stands between two texts is then the same
everywhere, and an index does not depend on the locales of the machine, which change under it."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMING)


def _person() -> dict[str, Any]:
    """Mark a column that holds a person's Matrix id."""
    return {"person": True}


sync_position = sa.Table(
    "sync_position",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("next_batch", TEXT, nullable=False),
    sa.Column("synced_at", UtcDateTime, nullable=False),
    comment="Where the next /sync goes on. One row.",
)

restored = sa.Table(
    "restored",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("copied_at", UtcDateTime, nullable=False, comment="What came later is not in the copy."),
    sa.Column("restored_at", UtcDateTime, nullable=False),
    sa.Column("caught_up_at", UtcDateTime, comment="When all was read that came meanwhile."),
    sa.Column("finished_at", UtcDateTime, comment="When the moderators were told what was left out."),
    sa.Column("left_out", sa.JSON, nullable=False, comment="How many, by kind and command. No persons."),
    comment="That this database was put back from a copy. One row, or none.",
)

room = sa.Table(
    "room",
    metadata,
    sa.Column("room_id", TEXT, primary_key=True),
    sa.Column("membership", TEXT, nullable=False),
    sa.Column("direct", sa.Boolean, nullable=False),
    sa.Column("members", sa.Integer, nullable=False),
    sa.Column("name", TEXT),
    sa.Column("encrypted", sa.Boolean, nullable=False),
    sa.Column("language", TEXT),
    sa.Column("successor", TEXT),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("timezone", TEXT, comment="In which times are told in the room."),
    sa.Column("quiet", sa.JSON, comment="Kinds of events that are not announced in the room."),
    sa.Column("chatham", sa.Boolean, comment="Whether the Chatham House Rule holds in the room."),
    sa.Column("described", TEXT, comment="The fingerprint of the descriptions of commands that stand in it."),
    sa.Column("descriptions", sa.JSON, comment="These one by one: a digest for each state key."),
    sa.Column("welcome", sa.Boolean, comment="Whether who comes is welcomed. Null: as the settings say."),
    sa.Column(
        "members_known_at", UtcDateTime, comment="Of a community room: since when it is known who is in it."
    ),
    sa.Column("lessons_off", sa.JSON, comment="What to learn by is not posted in the room: `week`, `notes`."),
    comment="Rooms that the bot is or was in.",
)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("event_id", TEXT, nullable=False, unique=True),
    sa.Column("room_id", TEXT, nullable=False),
    sa.Column("sender", TEXT, nullable=False, info=_person()),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("target", TEXT, comment="The event that an edit, redaction or reaction is about."),
    sa.Column("sent_at", UtcDateTime, nullable=False),
    sa.Column("payload", sa.JSON, comment="What was written. Emptied as soon as it is handled."),
    sa.Column("state", TEXT, nullable=False),
    sa.Column("command", TEXT),
    sa.Column("handled_at", UtcDateTime),
    sa.Column(
        "doubt",
        TEXT,
        comment="Null: none. Otherwise it may have been said before the copy was put back; see storage.restored.",
    ),
    sa.Index(None, "state", "room_id", "seq"),
    sa.Index(None, "target"),
    sqlite_autoincrement=True,
    comment="Events that concern the bot, in the order in which they came.",
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("txn_id", TEXT, nullable=False, unique=True),
    sa.Column("room_id", TEXT, nullable=False),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("cause", TEXT, comment="The event that is answered."),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("about", sa.Integer, comment="The outbox row that this one edits or redacts."),
    sa.Column("content", sa.JSON, comment="Emptied when it was sent."),
    sa.Column("buttons", sa.JSON, comment="The commands that reactions to it stand for."),
    sa.Column("state", TEXT, nullable=False),
    sa.Column("event_id", TEXT),
    sa.Column("limited", sa.Boolean, comment="Whether the homeserver let it wait for its rate limit."),
    sa.Column("error", TEXT),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("sent_at", UtcDateTime),
    sa.Column(
        "doubt",
        TEXT,
        comment="Null: none. Otherwise it may have been said before the copy was put back; see storage.restored.",
    ),
    sa.Index(None, "state", "room_id", "priority", "id"),
    sa.Index(None, "cause", "part"),
    sa.Index(None, "about"),
    sa.Index(None, "event_id"),
    sqlite_autoincrement=True,
    comment="What the bot says, from the moment it is decided until the homeserver has it, and after.",
)

awaited_file = sa.Table(
    "awaited_file",
    metadata,
    sa.Column("room_id", TEXT, primary_key=True),
    sa.Column("person", TEXT, primary_key=True, info=_person()),
    sa.Column("command", TEXT, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    comment="Commands that wait for a file.",
)

direct_room = sa.Table(
    "direct_room",
    metadata,
    sa.Column("person", TEXT, primary_key=True, info=_person()),
    sa.Column("room_id", TEXT, comment="Null: it is being made."),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("language", TEXT, comment="That of the room for which the person was welcomed."),
    comment="Where the bot talks with a person alone.",
)

talk = sa.Table(
    "talk",
    metadata,
    sa.Column("person", TEXT, primary_key=True, info=_person()),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("step", sa.Integer, nullable=False, comment="Which question is to be answered."),
    sa.Column("answers", sa.JSON, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("messages", sa.JSON, comment="Which message answered which question, so that an edit corrects it."),
    sa.Index(None, "expires_at"),
    comment="Guided talks in direct chats: one question after the other.",
)

person = sa.Table(
    "person",
    metadata,
    sa.Column("user_id", TEXT, primary_key=True, info=_person()),
    sa.Column("language", TEXT),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("timezone", TEXT),
    comment="What a person chose.",
)

revision = sa.Table(
    "revision",
    metadata,
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    comment="Counts the changes of a part of the content, so that what is computed from it is computed anew.",
)

concept = sa.Table(
    "concept",
    metadata,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("topic", TEXT, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("community", TEXT, comment="From which community it comes. Null: nobody said."),
    sa.Index(None, "topic", "position"),
    comment="A concept of the glossary.",
)

term = sa.Table(
    "term",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("concept_id", sa.ForeignKey("concept.id", ondelete="CASCADE"), nullable=False),
    sa.Column("language", TEXT, nullable=False),
    sa.Column("text", TEXT, nullable=False),
    sa.Column("folded", TEXT, nullable=False),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("checked", sa.Boolean, nullable=False),
    sa.Column("usage", TEXT),
    sa.Column("position", sa.Integer, nullable=False),
    sa.UniqueConstraint("concept_id", "language", "kind", "text"),
    # By hash, because it may be longer than what a tree takes.
    sa.Index(None, "folded", postgresql_using="hash"),
    sa.Index(None, "concept_id"),
    comment="A word or phrase for a concept, in one language.",
)

definition = sa.Table(
    "definition",
    metadata,
    sa.Column("concept_id", sa.ForeignKey("concept.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("language", TEXT, primary_key=True),
    sa.Column("text", TEXT, nullable=False),
    sa.Column("usage_note", TEXT),
    comment="What a concept means, in one language, in our own words.",
)

source = sa.Table(
    "source",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("concept_id", sa.ForeignKey("concept.id", ondelete="CASCADE"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("document", TEXT, nullable=False),
    sa.Column("symbol", TEXT),
    sa.Column("locator", TEXT),
    sa.Column("url", TEXT),
    sa.Column("as_of", sa.Date),
    sa.Column("confirmed", sa.Boolean, nullable=False),
    sa.Column("checked_on", sa.Date),
    sa.Index(None, "concept_id"),
    comment="Where a concept comes from.",
)

relation = sa.Table(
    "relation",
    metadata,
    sa.Column("concept_id", sa.ForeignKey("concept.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("other_id", sa.ForeignKey("concept.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("kind", TEXT, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Index(None, "other_id"),
    comment="Concepts that belong together, that are often confused, or that are one thing in two communities.",
)

own_device = sa.Table(
    "own_device",
    metadata,
    sa.Column("device_id", TEXT, primary_key=True),
    sa.Column("pickle", TEXT, nullable=False),
    sa.Column("fallback_at", UtcDateTime, comment="When the fallback key was made that is in use."),
    comment="The Olm account of the bot's device. One row. Pickles are encrypted with the key in session.json.",
)

olm_session = sa.Table(
    "olm_session",
    metadata,
    sa.Column("session_id", TEXT, primary_key=True),
    sa.Column("device_key", TEXT, nullable=False, comment="The Curve25519 key of the other device."),
    sa.Column("pickle", TEXT, nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False, comment="When it was made or last decrypted something."),
    sa.Column(
        "receive_only", sa.Boolean, comment="It comes from a copy: what it would send next may have been sent."
    ),
    sa.Index(None, "device_key", "received_at"),
    comment="Olm sessions: the ways on which keys go from device to device.",
)

room_key = sa.Table(
    "room_key",
    metadata,
    sa.Column("room_id", TEXT, primary_key=True),
    sa.Column("session_id", TEXT, primary_key=True),
    sa.Column("sender", TEXT, primary_key=True, info=_person()),
    sa.Column("device_key", TEXT, nullable=False),
    sa.Column("signing_key", TEXT, nullable=False),
    sa.Column("pickle", TEXT, comment="Null: the sender said that we do not get it."),
    sa.Column("withheld", TEXT, comment="The code with which the sender said so."),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Index(None, "received_at"),
    comment="Megolm sessions of others: what their messages are read with.",
)

room_key_use = sa.Table(
    "room_key_use",
    metadata,
    sa.Column("session_id", TEXT, primary_key=True),
    # Up to 2^32, which the sender chooses; integers of SQLite hold that.
    sa.Column(
        "message_index", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False
    ),
    sa.Column("event_id", TEXT, nullable=False),
    comment="Which event each place of a Megolm session belongs to, so that none is played again.",
)

own_room_key = sa.Table(
    "own_room_key",
    metadata,
    sa.Column("room_id", TEXT, primary_key=True),
    sa.Column("session_id", TEXT, nullable=False),
    sa.Column("pickle", TEXT, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("messages_left", sa.Integer, nullable=False),
    comment="The Megolm session with which the bot speaks in a room.",
)

room_key_share = sa.Table(
    "room_key_share",
    metadata,
    sa.Column("session_id", TEXT, primary_key=True),
    sa.Column("user_id", TEXT, primary_key=True, info=_person()),
    sa.Column("device_id", TEXT, primary_key=True),
    sa.Column("withheld", TEXT, comment="Null: the device has the key. Otherwise why it does not."),
    comment="Who was given an own Megolm session.",
)

device_list = sa.Table(
    "device_list",
    metadata,
    sa.Column("user_id", TEXT, primary_key=True, info=_person()),
    sa.Column("outdated", sa.Boolean, nullable=False),
    sa.Column("master_key", TEXT),
    sa.Column("self_signing_key", TEXT),
    sa.Column("verified_key", TEXT, comment="The master key that was verified by emoji."),
    comment="Whose devices are followed, and their cross-signing identities.",
)

device = sa.Table(
    "device",
    metadata,
    sa.Column("user_id", TEXT, primary_key=True, info=_person()),
    sa.Column("device_id", TEXT, primary_key=True),
    sa.Column("curve25519", TEXT, nullable=False),
    sa.Column("ed25519", TEXT, nullable=False),
    sa.Column("cross_signed", sa.Boolean, nullable=False),
    sa.Column("gone", sa.Boolean, nullable=False),
    sa.Index(None, "curve25519"),
    comment="The devices of those whom the bot meets in encrypted rooms.",
)

unreadable = sa.Table(
    "unreadable",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("event_id", TEXT, nullable=False, unique=True),
    sa.Column("room_id", TEXT, nullable=False),
    sa.Column("sender", TEXT, nullable=False, info=_person()),
    sa.Column("session_id", TEXT, nullable=False),
    sa.Column("sent_at", UtcDateTime, nullable=False),
    sa.Column("content", sa.JSON, nullable=False, comment="As it came: encrypted."),
    sa.Column("reason", TEXT, nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("told_at", UtcDateTime),
    sa.Index(None, "session_id"),
    sa.Index(None, "sender"),
    comment="Encrypted events that wait for their key.",
)

media = sa.Table(
    "media",
    metadata,
    sa.Column("id", TEXT, primary_key=True, comment="SHA-256 of the data, hexadecimal."),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Column("added_at", UtcDateTime, nullable=False),
    comment="Files on their way to the homeserver.",
)

focal = sa.Table(
    "focal",
    metadata,
    sa.Column("kind", TEXT, primary_key=True),
    sa.Column("holder", TEXT, primary_key=True, comment="ISO 3166-1 alpha-2, or the code of an organisation."),
    sa.Column("number", sa.Integer, primary_key=True, comment="A country may have several mechanisms."),
    sa.Column("titles", sa.JSON, nullable=False, comment="The office, by language. Never a person."),
    sa.Column("notes", sa.JSON, nullable=False),
    sa.Column("status", TEXT, nullable=False),
    sa.Column("appointed_year", sa.Integer),
    sa.Column("appointed_by", sa.Integer, comment="The year by which it was appointed at the latest."),
    sa.Column("as_of", TEXT, nullable=False, comment="ISO 8601: a year, a month or a day."),
    sa.Column("evidence", TEXT, nullable=False),
    sa.Column("source", TEXT, nullable=False),
    sa.Column("source_url", TEXT),
    sa.Column("contact", TEXT),
    sa.Column("contact_url", TEXT, comment="The official page that publishes the contact."),
    sa.Column("confirmed_by", TEXT, info=_person()),
    sa.Column("confirmed_at", UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False, comment="Counts the changes of this record."),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("community", TEXT, comment="From which community it comes. Null: nobody said."),
    sa.Index(None, "holder"),
    comment="Who to turn to: focal points, national mechanisms, members of the Group of Friends.",
)

change = sa.Table(
    "change",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("person", TEXT, info=_person(), comment="Null: the bot itself, as with starter content."),
    sa.Column("action", TEXT, nullable=False),
    sa.Column("subject", TEXT, nullable=False),
    sa.Column("before", sa.JSON),
    sa.Column("after", sa.JSON),
    sa.Column("proposal_id", sa.ForeignKey("proposal.id"), comment="The import that made it."),
    sa.Index(None, "subject", "id"),
    sa.Index(None, "proposal_id"),
    sqlite_autoincrement=True,
    comment="Who changed what of the content, when, and how it was before.",
)

proposal = sa.Table(
    "proposal",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("room_id", TEXT, nullable=False),
    sa.Column("person", TEXT, nullable=False, info=_person()),
    sa.Column("state", TEXT, nullable=False),
    sa.Column("plan", sa.JSON, comment="What would change. Emptied when it is decided."),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("decided_at", UtcDateTime),
    sa.Index(None, "room_id", "id"),
    sqlite_autoincrement=True,
    comment="Imports that were shown, and what became of them.",
)

due = sa.Table(
    "due",
    metadata,
    sa.Column("kind", TEXT, primary_key=True),
    sa.Column("subject", TEXT, primary_key=True),
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("importance", sa.Integer, nullable=False, comment="Of what is due at once the smallest goes first."),
    sa.Column("payload", sa.JSON),
    sa.Index(None, "due_at"),
    comment="What is to be done at a time.",
)

event = sa.Table(
    "event",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("uid", TEXT, nullable=False, unique=True, comment="Of iCalendar: the same wherever it is copied."),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("titles", sa.JSON, nullable=False),
    sa.Column("descriptions", sa.JSON, nullable=False),
    sa.Column("timing", sa.JSON, nullable=False, comment="Wall-clock times, zone, rule and exceptions."),
    sa.Column("place", TEXT),
    sa.Column("link", TEXT),
    sa.Column("organiser", TEXT),
    sa.Column("registration", TEXT),
    sa.Column("access", TEXT, nullable=False),
    sa.Column("countries", sa.JSON, nullable=False),
    sa.Column("topics", sa.JSON, nullable=False),
    sa.Column("certainty", TEXT, nullable=False),
    sa.Column("reason", TEXT, comment="Why it was moved or cancelled."),
    sa.Column("source", TEXT),
    sa.Column("confirmed", sa.Boolean, nullable=False, comment="The reference was seen."),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("reminders", sa.JSON, comment="Minutes before the start; null: those of its kind."),
    sa.Column("rooms", sa.JSON, comment="Where it is announced; null: in all rooms for announcements."),
    sa.Column("community", TEXT, comment="From which community it comes. Null: nobody said."),
    sqlite_autoincrement=True,
    comment="The calendar of the community.",
)

occurrence = sa.Table(
    "occurrence",
    metadata,
    sa.Column("event_id", sa.ForeignKey("event.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("key", TEXT, primary_key=True, comment="The start by the rule, on the clocks of the wall."),
    sa.Column("start", TEXT, nullable=False),
    sa.Column("end", TEXT, nullable=False),
    sa.Column("starts_at", UtcDateTime, nullable=False),
    sa.Column("ends_at", UtcDateTime, nullable=False),
    sa.Index(None, "ends_at"),
    sa.Index(None, "starts_at"),
    comment="When events take place, as far ahead as is looked.",
)

attendance = sa.Table(
    "attendance",
    metadata,
    sa.Column("event_id", sa.ForeignKey("event.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("person", TEXT, primary_key=True, info=_person()),
    sa.Column("answer", TEXT, nullable=False),
    sa.Column("answered_at", UtcDateTime, nullable=False),
    sa.Index(None, "person"),
    comment="Who goes to an event, or may go.",
)

reminder = sa.Table(
    "reminder",
    metadata,
    sa.Column("event_id", sa.ForeignKey("event.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("person", TEXT, primary_key=True, info=_person()),
    sa.Column("minutes", sa.Integer, primary_key=True, comment="Before the start."),
    sa.Column("zone", TEXT, nullable=False, comment="In which a day of the event begins, if it has no hour."),
    sa.Column("wished_at", UtcDateTime, nullable=False),
    sa.Index(None, "person"),
    comment="Who wishes to be reminded of an event, and how long before.",
)

following = sa.Table(
    "following",
    metadata,
    sa.Column("person", TEXT, primary_key=True, info=_person()),
    sa.Column("what", TEXT, primary_key=True, comment="all, kind:training, country:KE, digest"),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Index(None, "what"),
    comment="Of which events a person gets notices, and who gets the digest.",
)

identity = sa.Table(
    "identity",
    metadata,
    sa.Column("person", TEXT, primary_key=True, info=_person()),
    sa.Column("pseudonym", TEXT, nullable=False, unique=True),
    sa.Column("since", UtcDateTime, nullable=False),
    comment="Who is behind a pseudonym. Apart from all content, so that erasing a row here unlinks it for good.",
)

submission = sa.Table(
    "submission",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("state", TEXT, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, comment="So that of two changes at once one wins."),
    sa.Column("author", TEXT, comment="A pseudonym. Null: erased."),
    sa.Column("language", TEXT, nullable=False),
    sa.Column("fields", sa.JSON, nullable=False, comment="What was submitted, by the name of the field."),
    sa.Column("proposed", sa.JSON, comment="A new version of what is published, until it is decided on."),
    sa.Column("consent", sa.JSON, nullable=False, comment="What the author agreed to, and to which text of it."),
    sa.Column("reviewer", TEXT, comment="The pseudonym of the moderator who has claimed it."),
    sa.Column("approvals", sa.JSON, nullable=False, comment="Pseudonyms of moderators who approved this version."),
    sa.Column("reason", TEXT),
    sa.Column("publish_at", UtcDateTime),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("public_at", UtcDateTime, comment="Since when everybody may see it as it is. Null: they may not."),
    sa.Column("public_country", TEXT, comment="Of what everybody may see, so that it is found by country."),
    sa.Column("about", sa.Integer, comment="The submission that it belongs to, as a report to its commitment."),
    sa.Index(None, "state", "updated_at"),
    sa.Index(None, "author"),
    sa.Index(None, "about"),
    sa.Index(None, "public_at", "id"),
    sa.Index(None, "public_country", "public_at", "id"),
    sqlite_autoincrement=True,
    comment="What members submit to the moderators.",
)

commitment = sa.Table(
    "commitment",
    metadata,
    sa.Column("submission_id", sa.ForeignKey("submission.id"), primary_key=True),
    sa.Column("country", TEXT, nullable=False, comment="Its code, or `general`."),
    sa.Column("category", TEXT, nullable=False, comment="What kind of body commits."),
    sa.Column("deadline", sa.Date, nullable=False),
    sa.Column("level", TEXT, comment="How far it is by the last report. Null: none yet."),
    sa.Column("reported_at", UtcDateTime, comment="When the last report was published."),
    sa.Column("met_at", UtcDateTime, comment="Since when it is complete."),
    sa.Index(None, "country", "submission_id"),
    sa.Index(None, "met_at"),
    sa.Index(None, "deadline"),
    comment="What is asked of published commitments, drawn from `submission`.",
)

review = sa.Table(
    "review",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("submission_id", sa.ForeignKey("submission.id"), nullable=False),
    sa.Column("by", TEXT, nullable=False, comment="The pseudonym of a moderator, or of the author."),
    sa.Column("item", TEXT, comment="Of the checklist; null: a note."),
    sa.Column("answer", TEXT),
    sa.Column("note", TEXT),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Index(None, "submission_id", "id"),
    sqlite_autoincrement=True,
    comment="What moderators noted while they reviewed a submission.",
)

guidance = sa.Table(
    "guidance",
    metadata,
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("language", TEXT, primary_key=True),
    sa.Column("text", TEXT, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    comment="Texts that moderators write for members, such as where violations are reported.",
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor", TEXT, comment="A pseudonym; null: the bot itself."),
    sa.Column("action", TEXT, nullable=False),
    sa.Column("subject", TEXT, nullable=False),
    sa.Column("before", TEXT),
    sa.Column("after", TEXT),
    sa.Column("reason", TEXT),
    sa.Column("hash", TEXT, nullable=False, comment="SHA-256 over this row and the hash before it."),
    sa.Index(None, "subject", "id"),
    sqlite_autoincrement=True,
    comment="Who did what, when and why. Rows are added and never changed; the hashes show it.",
)

problem = sa.Table(
    "problem",
    metadata,
    sa.Column("kind", TEXT, primary_key=True),
    sa.Column("subject", TEXT, primary_key=True, comment="What it is about: a room, a host; or nothing."),
    sa.Column("begun_at", UtcDateTime, nullable=False),
    sa.Column("say_at", UtcDateTime, comment="From when on moderators are told; null: when it is over."),
    sa.Column("said_at", UtcDateTime, comment="When they were told; null again when they know that it is over."),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("detail", TEXT),
    comment="What needs a person, so that moderators are told once.",
)

shared_login = sa.Table(
    "shared_login",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("data", sa.LargeBinary, nullable=False, comment="Salt, nonce, and the session encrypted."),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    comment="The session that several instances share. One row, encrypted with a secret of the settings.",
)

welcoming = sa.Table(
    "welcoming",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key", sa.LargeBinary, nullable=False, comment="With which ids of people become marks."),
    sa.Column(
        "next_at", UtcDateTime, nullable=False, comment="When the next welcome may be said at the earliest."
    ),
    comment="One row, made when the first member is met.",
)

met = sa.Table(
    "met",
    metadata,
    sa.Column("mark", TEXT, primary_key=True, comment="A keyed hash (HMAC-SHA-256) of a Matrix id, never the id."),
    comment="Who was in a community room once, so that nobody is welcomed twice.",
)

constituent = sa.Table(
    "constituent",
    metadata,
    sa.Column("person", TEXT, primary_key=True, info=_person()),
    sa.Column("category", TEXT),
    sa.Column("country", TEXT, comment="ISO 3166-1 alpha-2."),
    sa.Column("topics", sa.JSON, nullable=False),
    sa.Column("agreed_at", UtcDateTime, nullable=False),
    sa.Column("agreed_to", TEXT, nullable=False, comment="Which text of the purpose."),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    comment="What people told of themselves to be counted. Without their consent there is no row.",
)

counted = sa.Table(
    "counted",
    metadata,
    sa.Column("person", TEXT, primary_key=True, info=_person()),
    sa.Column(
        "cell", TEXT, primary_key=True, comment="category/academia, region/002, topic/education, and so on."
    ),
    sa.Index(None, "cell"),
    comment="Who is in a number that is shown, so that it changes only when enough people have come or gone.",
)

constituency = sa.Table(
    "constituency",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("counted_at", UtcDateTime, nullable=False),
    sa.Column("smallest", sa.Integer, nullable=False, comment="Smaller groups are not shown."),
    sa.Column("shown", sa.JSON, nullable=False, comment="Rounded numbers by cell. No persons."),
    sa.Column(
        "gone", sa.JSON, nullable=False, comment="How many of those in a number were erased since, by cell."
    ),
    comment="The numbers of the community as they were counted last. One row.",
)

recall = sa.Table(
    "recall",
    metadata,
    sa.Column("person", TEXT, primary_key=True, info=_person()),
    # No foreign key: an import writes all concepts anew, and what somebody knows stays.
    sa.Column("concept_id", TEXT, primary_key=True),
    sa.Column("box", sa.Integer, nullable=False, comment="1 to 4: the higher, the better it is known."),
    sa.Column("again_at", UtcDateTime, nullable=False, comment="From when on it is asked again."),
    comment="Which terms a person was asked in a quiz, and when they come back. No answers, no scores.",
)

weekly_term = sa.Table(
    "weekly_term",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    # No foreign key, as above.
    sa.Column("concept_id", TEXT, nullable=False),
    sa.Column(
        "week", TEXT, unique=True, comment="ISO 8601: 2026-W49. Null: moderators chose it, and it is to come."
    ),
    sa.Column("at", UtcDateTime, nullable=False, comment="When it was posted; before that, when it was chosen."),
    sqlite_autoincrement=True,
    comment="Terms of the week: those that are to come, and those that were.",
)
