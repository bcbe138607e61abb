"""The operator's settings: a TOML file, the environment over it, secrets also from files.

Each key of the file is also an environment variable: `[rooms] moderation` is `GAAMAC_ROOMS__MODERATION`.
A variable that ends in `_FILE` names a file that holds the value, as container platforms hand out secrets.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PREFIX = "GAAMAC_"
FROM_FILE = "_FILE"
LANGUAGES = ("en", "fr", "es")
DATABASES = ("sqlite+aiosqlite:///", "postgresql+asyncpg://")
"""How addresses of databases begin."""


class SettingsError(Exception):
    """The settings are not usable. The message lists every mistake with the name of its key; so does `keys`."""

    def __init__(self, message: str, keys: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.keys = keys


def _room(value: str) -> str:
    if not re.fullmatch(r"[!#]\S{1,254}", value):
        msg = "a room id begins with ! and an alias with #, for example #community:example.org"
        raise ValueError(msg)
    return value


def _user(value: str) -> str:
    if not re.fullmatch(r"@[^\s:]+:\S+", value):
        msg = "a Matrix id looks like @gaamac-bot:example.org"
        raise ValueError(msg)
    return value


def _homeserver(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
        msg = "the address of a homeserver looks like https://matrix.example.org"
        raise ValueError(msg)
    return value.rstrip("/")


def _characters(number: int) -> AfterValidator:
    def long_enough(secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value()) < number:
            msg = f"it must have {number} characters or more"
            raise ValueError(msg)
        return secret

    return AfterValidator(long_enough)


def _timezone(value: str) -> str:
    if value not in available_timezones():
        msg = "a time zone is an IANA name, for example Africa/Accra or Europe/Zurich"
        raise ValueError(msg)
    return value


def _prefix(value: str) -> str:
    if not re.fullmatch(r"[^\w\s/]{1,3}", value):
        msg = (
            "a command prefix is one to three signs that are neither letters nor spaces nor /, which clients "
            "keep for themselves"
        )
        raise ValueError(msg)
    return value


def _database(value: str) -> str:
    if value and not value.startswith(DATABASES):
        msg = f"the address of a database begins with {' or '.join(DATABASES)}"
        raise ValueError(msg)
    return value


Room = Annotated[str, AfterValidator(_room)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MatrixSettings(_Section):
    """Where the bot lives and who it is. Password or token are needed for the first log-in only."""

    homeserver: Annotated[str, AfterValidator(_homeserver)]
    user_id: Annotated[str, AfterValidator(_user)]
    password: SecretStr | None = None
    access_token: SecretStr | None = None
    recovery_key: SecretStr | None = None


class RoomSettings(_Section):
    """The rooms that the bot joins by itself, and what they are for."""

    community: list[Room] = []
    moderation: Room | None = None
    practices: Room | None = None
    announcements: list[Room] = []

    def every(self) -> list[str]:
        """Return all configured rooms, each once."""
        single = [room for room in (self.moderation, self.practices) if room]
        return list(dict.fromkeys([*self.community, *single, *self.announcements]))


class InviteSettings(_Section):
    """Whose invitations are accepted. Empty: those of the bot's own homeserver."""

    allowed: list[str] = []


class ModerationSettings(_Section):
    """Who is a moderator: joined to the moderation room, with at least this power there."""

    power: int = Field(default=50, ge=1)


class FocalSettings(_Section):
    """How long a record of who to turn to counts as fresh."""

    fresh_months: int = Field(default=12, ge=1, le=120)


class PracticeSettings(_Section):
    """How practices are reviewed, and how long what was submitted is kept.

    Drafts are forgotten after `draft_days` without a change, what was not taken or withdrawn after `closed_days`,
    who is behind a pseudonym after `identity_days` in which nothing of theirs changed, the audit after
    `audit_days`. Moderators are reminded of what waits longer than `waiting_days`. What names one of the countries
    in `two_moderators` (ISO 3166-1 alpha-2) needs two of them.
    """

    draft_days: int = Field(default=30, ge=1, le=365)
    closed_days: int = Field(default=90, ge=1, le=3650)
    identity_days: int = Field(default=365, ge=30, le=3650)
    audit_days: int = Field(default=365, ge=30, le=3650)
    waiting_days: int = Field(default=3, ge=1, le=90)
    two_moderators: list[Annotated[str, Field(pattern="^[A-Z]{2}$")]] = []


class WelcomeSettings(_Section):
    """Whether who comes to a community room for the first time is welcomed in a direct chat.

    At most `per_hour` of them, the others later. Accounts that fit one of the patterns in `skip` are no members:
    other bots, or those that a bridge makes.
    """

    on: bool = True
    per_hour: int = Field(default=60, ge=1, le=3600)
    skip: list[str] = []


class CommunitySettings(_Section):
    """Of how many people a group must be to be shown in the numbers of the community."""

    smallest_group: int = Field(default=6, ge=5, le=100)


class EventSettings(_Section):
    """At which hour events are announced, in the default time zone, and whether the week is on Mondays.

    `subscriptions` are https addresses of calendars (.ics) that are taken over each hour.
    """

    hour: int = Field(default=9, ge=0, le=23)
    digest: bool = True
    subscriptions: list[str] = []

    @field_validator("subscriptions")
    @classmethod
    def _are_safe(cls, addresses: list[str]) -> list[str]:
        for address in addresses:
            if not re.fullmatch(r"https://[^\s/@]+/\S*", address):
                msg = "an address of a calendar must begin with https:// and have no password in it"
                raise ValueError(msg)
        return addresses


class LearningSettings(_Section):
    """On which day of the week, and at which hour of the default time zone, the term of the week is posted.

    An empty `weekday`: never. `note_days` before an international day a note with its terms is posted; 0: none.
    """

    weekday: Literal["", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = (
        "wednesday"
    )
    hour: int = Field(default=10, ge=0, le=23)
    note_days: int = Field(default=5, ge=0, le=30)


class DigestSettings(_Section):
    """At which hour of Monday the digest goes to rooms and persons who wish it, in the time zone of each.

    To persons it goes within `spread_minutes` from then on, so that thousands are not written to at once.
    """

    hour: int = Field(default=9, ge=0, le=22)
    spread_minutes: int = Field(default=60, ge=0, le=600)


class FloodSettings(_Section):
    """How much one person may ask. 0: no limit."""

    commands_per_minute: int = Field(default=30, ge=0)


class CommandSettings(_Section):
    """Whether the bot describes its commands in rooms for clients that can offer and complete them (MSC4391)."""

    describe: bool = True


class WebSettings(_Section):
    """At which `host:port` health and metrics are answered by HTTP, and the public library. Empty: nowhere.

    `address` is that of the library as the world sees it; it stands in feeds and in links for search engines.
    """

    listen: str = ""
    library: str = ""
    address: str = ""

    @field_validator("listen", "library")
    @classmethod
    def _is_address(cls, listen: str) -> str:
        host, _, port = listen.rpartition(":")
        if listen and (not host or not port.isdigit() or not 0 < int(port) < 65536):
            msg = "it must be a host and a port, as 127.0.0.1:9000"
            raise ValueError(msg)
        return listen

    @field_validator("address")
    @classmethod
    def _is_public_address(cls, address: str) -> str:
        if address and not re.fullmatch(r"https?://[^\s/?#@\"'<>]+/?", address):
            msg = "the address of the library looks like https://library.example.org, without a path"
            raise ValueError(msg)
        return address.rstrip("/")

    @model_validator(mode="after")
    def _know_where_they_are(self) -> Self:
        if self.library and not self.address:
            msg = "where web.library is set, web.address must say under which address the world sees it"
            raise ValueError(msg)
        if self.library and self.library == self.listen:
            msg = "web.library must be another address than web.listen: the world must not see the metrics"
            raise ValueError(msg)
        return self


class NoticeSettings(_Section):
    """After how many minutes without the homeserver the moderators are told, when it is back."""

    away_minutes: float = Field(default=10, gt=0)


class BackupSettings(_Section):
    """The backup that the running bot makes each day at `hour` of the default time zone; the last `keep` stay.

    `folder`: where; left out, `backups` in the data folder. With `passphrase` backups are encrypted.
    """

    daily: bool = True
    hour: int = Field(default=3, ge=0, le=23)
    keep: int = Field(default=7, ge=1, le=1000)
    folder: Path | None = None
    passphrase: Annotated[SecretStr, _characters(8)] | None = None


class ClusterSettings(_Section):
    """For several instances of one bot, of which one works and the others stand by. They need PostgreSQL.

    With a `secret` an instance takes part. It is the same for all, 20 characters or more; the session that they
    share is encrypted with it.
    """

    secret: Annotated[SecretStr, _characters(20)] | None = None


class LogSettings(_Section):
    """How the log is written."""

    format: Literal["lines", "json"] = "lines"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(BaseSettings):
    """Everything that an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", validate_default=True
    )

    matrix: MatrixSettings
    rooms: RoomSettings = RoomSettings()
    invites: InviteSettings = InviteSettings()
    moderation: ModerationSettings = ModerationSettings()
    flood: FloodSettings = FloodSettings()
    commands: CommandSettings = CommandSettings()
    focal: FocalSettings = FocalSettings()
    events: EventSettings = EventSettings()
    digest: DigestSettings = DigestSettings()
    practices: PracticeSettings = PracticeSettings()
    welcome: WelcomeSettings = WelcomeSettings()
    community: CommunitySettings = CommunitySettings()
    learning: LearningSettings = LearningSettings()
    web: WebSettings = WebSettings()
    notices: NoticeSettings = NoticeSettings()
    backup: BackupSettings = BackupSettings()
    cluster: ClusterSettings = ClusterSettings()
    log: LogSettings = LogSettings()
    data_dir: Path = Path("data")
    database_url: Annotated[str, AfterValidator(_database)] = ""
    default_language: Literal["en", "fr", "es"] = "en"
    default_timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    command_prefix: Annotated[str, AfterValidator(_prefix)] = "!"

    @model_validator(mode="after")
    def _derive(self) -> Self:
        if not self.database_url:
            self.database_url = f"sqlite+aiosqlite:///{self.data_dir / 'bot.db'}"
        if self.cluster.secret and not self.database_url.startswith("postgresql"):
            msg = "cluster.secret is for several instances, which need database_url to be one of PostgreSQL"
            raise ValueError(msg)
        if not self.invites.allowed:
            server = self.matrix.user_id.partition(":")[2]
            self.invites.allowed = [f"@*:{server}"]
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over the TOML file."""
        return init_settings, _Environment(settings_cls), TomlConfigSettingsSource(settings_cls)


class _Environment(EnvSettingsSource):
    """The environment, with the content of the file in place of each variable that ends in `_FILE`."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        found: dict[str, str | None] = {}
        for name, value in super()._load_env_vars().items():
            upper = name.upper()
            if value and upper.startswith(PREFIX) and upper.endswith(FROM_FILE):
                found[name[: -len(FROM_FILE)]] = _content(upper, value)
            else:
                found[name] = value
        return found

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # noqa: ANN401
        """Read the JSON of a list; say which one is none."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError as error:
            msg = f'{field_name} is not a JSON list, for example ["#community:example.org"]'
            raise ValueError(msg) from error


def _content(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{variable} names {path}, which cannot be read: {error}"
        raise SettingsError(msg, (variable,)) from error


def settings_file(path: Path | None = None) -> Path | None:
    """Return the settings file: `path`, or what `GAAMAC_CONFIG` names; None when there is neither."""
    return path or (Path(os.environ["GAAMAC_CONFIG"]) if os.environ.get("GAAMAC_CONFIG") else None)


def load(path: Path | None = None) -> Settings:
    """Read the settings from `path` (or `GAAMAC_CONFIG`) and the environment.

    Raises:
        SettingsError: with one line for each mistake.

    """
    named = settings_file(path)
    if named is not None and not named.is_file():
        msg = f"The settings file {named} does not exist. config/example.toml shows what it may hold."
        raise SettingsError(msg)

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=named)

    try:
        return FromFile()
    except ValidationError as error:
        keys = tuple(".".join(map(str, mistake["loc"])) for mistake in error.errors(include_url=False))
        raise SettingsError(_explain(error), keys) from error
    except SettingsError:
        raise
    except Exception as error:  # a TOML or JSON syntax error; pydantic-settings raises several types
        msg = f"The settings cannot be read: {error.__cause__ or error}"
        raise SettingsError(msg) from error


def _explain(error: ValidationError) -> str:
    lines = ["The settings need a correction:"]
    for mistake in error.errors(include_url=False, include_input=False):
        keys = [str(key) for key in mistake["loc"]]
        variable = PREFIX + "__".join(key.upper() for key in keys if not key.isdigit())
        reason = {
            "missing": "is not set",
            "extra_forbidden": "is not a setting; see config/example.toml for those there are",
        }.get(mistake["type"], mistake["msg"].removeprefix("Value error, "))
        lines.append(f"- {'.'.join(keys)} ({variable}): {reason}")
    return "\n".join(lines)
