"""Settings: a file, the environment over it, secrets from files, and mistakes that are all named at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config.settings import Settings, SettingsError, load

MINIMUM = {
    "GAAMAC_MATRIX__HOMESERVER": "https://matrix.example.org/",
    "GAAMAC_MATRIX__USER_ID": "@gaamac:example.org",
}
FILE = """
data_dir = "/var/lib/gaamac"
default_language = "fr"
[matrix]
homeserver = "https://matrix.example.org"
user_id = "@gaamac:example.org"
password = "from the file"
[rooms]
community = ["#community:example.org", "!abc"]
moderation = "!moderators"
[flood]
commands_per_minute = 5
"""


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Give a way to set variables; none of ours is set before."""
    for name in os.environ:
        if name.upper().startswith("GAAMAC_"):
            monkeypatch.delenv(name)
    return monkeypatch


def loaded(environment: pytest.MonkeyPatch, variables: dict[str, str], path: Path | None = None) -> Settings:
    for name, value in variables.items():
        environment.setenv(name, value)
    return load(path)


def mistake(environment: pytest.MonkeyPatch, **variables: str) -> str:
    with pytest.raises(SettingsError) as caught:
        loaded(environment, MINIMUM | variables)
    return str(caught.value)


def test_two_variables_are_enough(environment: pytest.MonkeyPatch) -> None:
    found = loaded(environment, MINIMUM)
    assert found.matrix.homeserver == "https://matrix.example.org"
    assert found.matrix.password is None
    assert found.database_url == "sqlite+aiosqlite:///data/bot.db"
    assert found.invites.allowed == ["@*:example.org"]
    assert (found.default_language, found.default_timezone, found.command_prefix) == ("en", "UTC", "!")
    assert found.flood.commands_per_minute == 30
    assert found.moderation.power == 50
    assert found.rooms.every() == []


def test_the_environment_goes_over_the_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "bot.toml"
    path.write_text(FILE)
    found = loaded(
        environment,
        {
            "GAAMAC_DEFAULT_LANGUAGE": "es",
            "GAAMAC_ROOMS__PRACTICES": "#practices:example.org",
            "gaamac_flood__commands_per_minute": "0",
        },
        path,
    )
    assert found.default_language == "es"
    assert found.rooms.every() == ["#community:example.org", "!abc", "!moderators", "#practices:example.org"]
    assert found.flood.commands_per_minute == 0
    assert found.database_url == "sqlite+aiosqlite:////var/lib/gaamac/bot.db"
    assert found.matrix.password is not None
    assert found.matrix.password.get_secret_value() == "from the file"


def test_the_file_may_be_named_by_a_variable(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "bot.toml"
    path.write_text(FILE)
    assert loaded(environment, {"GAAMAC_CONFIG": str(path)}).default_language == "fr"


def test_secrets_come_from_files_and_are_not_shown(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")
    found = loaded(environment, MINIMUM | {"GAAMAC_MATRIX__PASSWORD_FILE": str(secret)})
    assert found.matrix.password is not None
    assert found.matrix.password.get_secret_value() == "hunter2"
    assert "hunter2" not in f"{found!r} {found} {found.model_dump_json()}"


def test_a_secret_file_that_is_missing_is_named(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = mistake(environment, GAAMAC_MATRIX__PASSWORD_FILE=str(tmp_path / "nothing"))
    assert "GAAMAC_MATRIX__PASSWORD_FILE" in said


def test_rooms_stand_in_a_json_list(environment: pytest.MonkeyPatch) -> None:
    found = loaded(environment, MINIMUM | {"GAAMAC_ROOMS__COMMUNITY": '["!a", "#b:example.org", "!a"]'})
    assert found.rooms.every() == ["!a", "#b:example.org"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GAAMAC_MATRIX__HOMESERVER", "matrix.example.org"),
        ("GAAMAC_MATRIX__HOMESERVER", "https://matrix.example.org?a=b"),
        ("GAAMAC_MATRIX__USER_ID", "gaamac"),
        ("GAAMAC_ROOMS__MODERATION", "moderators"),
        ("GAAMAC_ROOMS__MODERATON", "!moderators"),
        ("GAAMAC_COMMAND_PREFIX", "/"),
        ("GAAMAC_COMMAND_PREFIX", "a"),
        ("GAAMAC_COMMAND_PREFIX", ""),
        ("GAAMAC_DEFAULT_TIMEZONE", "Middle/Earth"),
        ("GAAMAC_DEFAULT_LANGUAGE", "de"),
        ("GAAMAC_FLOOD__COMMANDS_PER_MINUTE", "-1"),
        ("GAAMAC_FLOOD__COMMANDS_PER_MINUTE", "many"),
        ("GAAMAC_MODERATION__POWER", "0"),
        ("GAAMAC_LOG__FORMAT", "xml"),
    ],
)
def test_a_mistake_is_named_with_its_variable(environment: pytest.MonkeyPatch, variable: str, value: str) -> None:
    assert variable in mistake(environment, **{variable: value})


def test_all_mistakes_are_named_at_once_and_no_secret_with_them(environment: pytest.MonkeyPatch) -> None:
    said = mistake(
        environment,
        GAAMAC_MATRIX__HOMESERVER="x",
        GAAMAC_DEFAULT_LANGUAGE="de",
        GAAMAC_MATRIX__PASSWORD="hunter2",
        GAAMAC_MATRIX__PASWORD="hunter2",
    )
    assert said.count("\n- ") == 3
    assert "GAAMAC_MATRIX__PASWORD" in said
    assert "config/example.toml" in said
    assert "hunter2" not in said


def test_nothing_set_says_what_is_needed(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"GAAMAC_MATRIX.* is not set"):
        loaded(environment, {})


@pytest.mark.parametrize("value", ["[", "!a", "{}"])
def test_a_list_that_is_no_list(environment: pytest.MonkeyPatch, value: str) -> None:
    assert "community" in mistake(environment, GAAMAC_ROOMS__COMMUNITY=value).lower()


@pytest.mark.parametrize("content", ["[matrix", "a = ", "matrix = 1\n\x00"])
def test_a_file_that_is_no_toml(environment: pytest.MonkeyPatch, tmp_path: Path, content: str) -> None:
    path = tmp_path / "bot.toml"
    path.write_text(content)
    with pytest.raises(SettingsError):
        loaded(environment, {}, path)


def test_a_file_that_does_not_exist(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"config/example\.toml"):
        loaded(environment, {}, tmp_path / "nothing.toml")


def test_several_instances_need_a_long_secret_and_postgresql(environment: pytest.MonkeyPatch) -> None:
    secret = {"GAAMAC_CLUSTER__SECRET": "a secret of twenty signs or more"}
    assert "need database_url to be one of PostgreSQL" in mistake(environment, **secret)
    address = {"GAAMAC_DATABASE_URL": "postgresql+asyncpg://gaamac@/gaamac"}
    found = loaded(environment, MINIMUM | secret | address)
    assert "twenty" not in repr(found)
    assert "20 characters" in mistake(environment, **address, GAAMAC_CLUSTER__SECRET="short")


def test_a_passphrase_of_backups_is_no_short_one(environment: pytest.MonkeyPatch) -> None:
    said = mistake(environment, GAAMAC_BACKUP__PASSPHRASE="short")
    assert "GAAMAC_BACKUP__PASSPHRASE" in said
    assert "8 characters or more" in said
    assert "short" not in said
