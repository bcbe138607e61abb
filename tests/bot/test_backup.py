"""`gaamac-bot backup` and `gaamac-bot restore`: whole or nothing, and a sentence for each thing that is wrong."""

from __future__ import annotations

import fcntl
import gzip
import io
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pyrage import passphrase
from typer.testing import CliRunner

from bot import backup
from bot.backup import Order
from bot.cli import app
from bot.errors import EXIT_DATABASE, EXIT_PROBLEM, EXIT_RUNNING
from config.settings import load

pytestmark = pytest.mark.sqlite("backups are of its file")

SESSION = {
    "homeserver": "http://localhost:1",
    "user_id": "@gaamac:example.org",
    "device_id": "D",
    "access_token": "a secret token",
    "pickle_key": "00" * 32,
}


class Shell:
    """A bot's folder, and another one on another machine, with what its commands print."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = 0
        self.configure("here")
        self.configure("there")
        self("export", "glossary.csv")  # makes the database
        (folder / "here" / "session.json").write_text(json.dumps(SESSION))

    def configure(self, name: str, more: str = "", user: str = "@gaamac:example.org") -> None:
        (self.folder / f"{name}.toml").write_text(
            f'data_dir = "{self.folder}/{name}"\ndefault_language = "fr"\n{more}\n[matrix]\n'
            f'homeserver = "http://localhost:1"\nuser_id = "{user}"\npassword = "the password"\n',
            encoding="utf-8",
        )

    def __call__(self, *typed: str, at: str = "here") -> str:
        command = [str(self.folder / word) if "." in word else word for word in typed]
        result = CliRunner().invoke(app, [*command, "--config", str(self.folder / f"{at}.toml")])
        self.code = result.exit_code
        assert not isinstance(result.exception, Exception), result.exception
        return result.output.replace(f"{self.folder}/", "").strip()

    @property
    def restored(self) -> list[str]:
        """What lies in the folder of the other machine."""
        there = self.folder / "there"
        return sorted(file.name for file in there.iterdir()) if there.exists() else []


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    for name in os.environ:
        if name.startswith("GAAMAC_"):
            monkeypatch.delenv(name)
    return Shell(tmp_path)


def dump(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


def terms(database: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.execute("SELECT * FROM term ORDER BY id"))


def test_a_backup_is_put_back_elsewhere(shell: Shell) -> None:
    assert shell("backup", "copy.tar.gz") == (
        "Backed up to copy.tar.gz. It is not encrypted: who has it can act as the bot."
    )
    assert stat.S_IMODE((shell.folder / "copy.tar.gz").stat().st_mode) == 0o600
    said = shell("restore", "copy.tar.gz", at="there")
    assert shell.code == 0, said
    assert "Then: gaamac-bot check, and gaamac-bot run." in said
    assert shell.restored == ["bot.db", "lock", "session.json", "settings-of-backup.toml"]
    assert terms(shell.folder / "there" / "bot.db") == terms(shell.folder / "here" / "bot.db")
    assert json.loads((shell.folder / "there" / "session.json").read_text()) == SESSION
    for name in ("bot.db", "session.json", "settings-of-backup.toml"):
        assert stat.S_IMODE((shell.folder / "there" / name).stat().st_mode) == 0o600
    assert [file.name for file in shell.folder.glob(".*")] == []


def test_the_settings_in_it_hold_no_secret_and_can_be_used(shell: Shell) -> None:
    shell("backup", "copy.tar.gz")
    with tarfile.open(shell.folder / "copy.tar.gz") as archive:
        member = archive.extractfile("settings.toml")
        assert member is not None
        text = member.read().decode()
    assert "the password" not in text
    assert "# password is left out: it is secret." in text
    (shell.folder / "again.toml").write_text(text)
    again = load(shell.folder / "again.toml")
    assert again.default_language == "fr"
    assert again.matrix.user_id == "@gaamac:example.org"


def test_it_needs_no_lock(shell: Shell) -> None:
    with (shell.folder / "here" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shell("backup", "copy.tar.gz")
    assert shell.code == 0


def test_nobody_who_writes_waits_for_it(shell: Shell) -> None:
    with closing(sqlite3.connect(shell.folder / "here" / "bot.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM term")
        shell("backup", "copy.tar.gz")
        assert shell.code == 0
        writer.execute("ROLLBACK")
    shell("restore", "copy.tar.gz", at="there")
    assert terms(shell.folder / "there" / "bot.db") == terms(shell.folder / "here" / "bot.db")


def test_with_a_passphrase_it_is_a_file_of_age(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAAMAC_BACKUP__PASSPHRASE", "correct horse battery")
    assert shell("backup", "copy.tar.gz.age") == "Backed up to copy.tar.gz.age."
    data = (shell.folder / "copy.tar.gz.age").read_bytes()
    assert data.startswith(b"age-encryption.org/v1\n")
    plain = passphrase.decrypt(data, "correct horse battery")
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        assert "bot.db" in archive.getnames()
    monkeypatch.setenv("GAAMAC_BACKUP__PASSPHRASE", "another one")
    assert shell("restore", "copy.tar.gz.age", at="there") == (
        "The passphrase does not open copy.tar.gz.age. Nothing was changed."
    )
    assert (shell.code, shell.restored) == (EXIT_PROBLEM, [])
    monkeypatch.delenv("GAAMAC_BACKUP__PASSPHRASE")
    assert shell("restore", "copy.tar.gz.age", at="there").startswith("copy.tar.gz.age is encrypted. Set its pass")
    (shell.folder / "short.age").write_bytes(data[:-100])
    monkeypatch.setenv("GAAMAC_BACKUP__PASSPHRASE", "correct horse battery")
    assert shell("restore", "short.age", at="there").startswith("short.age is damaged or not complete.")
    assert shell.restored == []
    shell("restore", "copy.tar.gz.age", at="there")
    assert shell.code == 0


def test_a_backup_overwrites_nothing(shell: Shell) -> None:
    (shell.folder / "copy.tar.gz").write_text("precious")
    assert shell("backup", "copy.tar.gz").startswith("copy.tar.gz exists.")
    assert shell.code == EXIT_PROBLEM
    assert (shell.folder / "copy.tar.gz").read_text() == "precious"


def test_where_there_is_nothing_to_keep(shell: Shell) -> None:
    assert shell("backup", "copy.tar.gz", at="there").startswith("There is no database at there/bot.db.")
    assert shell.code == EXIT_PROBLEM


def test_postgresql_has_its_own_tools(shell: Shell) -> None:
    shell.configure("here", 'database_url = "postgresql+asyncpg://bot:word@localhost/bot"')
    said = shell("backup", "copy.tar.gz")
    assert "pg_dump" in said
    assert "session.json" in said
    assert "word" not in said


@pytest.mark.parametrize("cut", [0, 1, 400, 5000, -1, -9, -600])
def test_a_file_that_is_not_complete_changes_nothing(shell: Shell, cut: int) -> None:
    shell("backup", "copy.tar.gz")
    data = (shell.folder / "copy.tar.gz").read_bytes()
    (shell.folder / "cut.tar.gz").write_bytes(data[:cut])
    said = shell("restore", "cut.tar.gz", at="there")
    assert said.startswith(("cut.tar.gz is damaged or not complete.", "cut.tar.gz is not a backup of gaamac-bot."))
    assert (shell.code, shell.restored) == (EXIT_PROBLEM, [])


def test_each_bit_that_turned_is_found(shell: Shell) -> None:
    shell("backup", "copy.tar.gz")
    data = bytearray((shell.folder / "copy.tar.gz").read_bytes())
    for place in range(20, len(data), len(data) // 12):
        data[place] ^= 4
        (shell.folder / "bad.tar.gz").write_bytes(data)
        data[place] ^= 4
        said = shell("restore", "bad.tar.gz", at="there")
        assert said.startswith("bad.tar.gz is "), said
        assert shell.restored == []


def packed(target: Path, change: Callable[[dict[str, bytes]], object], **entry: Any) -> None:
    """Make a backup anew of which something was changed; `entry` is added to it."""
    with tarfile.open(target.with_name("copy.tar.gz")) as archive:
        parts = {one.name: archive.extractfile(one).read() for one in archive}  # type: ignore[union-attr]
    change(parts)
    with tarfile.open(target, "w:gz", format=tarfile.USTAR_FORMAT) as made:
        for name, data in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
        if entry:
            info = tarfile.TarInfo()
            for key, value in entry.items():
                setattr(info, key, value)
            made.addfile(info)


def renamed(parts: dict[str, bytes], name: str) -> None:
    manifest = json.loads(parts["manifest.json"])
    manifest["parts"][0]["name"] = name
    parts["manifest.json"] = json.dumps(manifest).encode()
    parts[name] = parts.pop("bot.db")


def changed(parts: dict[str, bytes], /, **values: object) -> None:
    parts["manifest.json"] = json.dumps(json.loads(parts["manifest.json"]) | values).encode()


@pytest.mark.parametrize(
    ("change", "entry", "said"),
    [
        (lambda _parts: None, {"name": "../evil", "size": 0}, "is damaged"),
        (
            lambda _parts: None,
            {"name": "bot.db", "type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
            "more than files",
        ),
        (lambda _parts: None, {"name": "x", "type": tarfile.LNKTYPE, "linkname": "bot.db"}, "more than files"),
        (lambda _parts: None, {"name": "fifo", "type": tarfile.FIFOTYPE}, "more than files"),
        (lambda parts: renamed(parts, "../bot.db"), {}, "its manifest cannot be read"),
        (lambda parts: renamed(parts, "/tmp/bot.db"), {}, "its manifest cannot be read"),  # noqa: S108
        (lambda parts: parts.pop("bot.db"), {}, "is damaged"),
        (lambda parts: parts.update({"session.json": b"{}"}), {}, "is damaged"),
        (lambda parts: parts.pop("manifest.json"), {}, "not a backup"),
        (lambda parts: changed(parts, format=2, version="9.9"), {}, "was made by gaamac-bot 9.9"),
        (lambda parts: changed(parts, parts=[]), {}, "is damaged"),
    ],
)
def test_nothing_that_an_archive_says_is_believed(
    shell: Shell, change: Callable[[dict[str, bytes]], object], entry: dict[str, Any], said: str
) -> None:
    shell("backup", "copy.tar.gz")
    packed(shell.folder / "evil.tar.gz", change, **entry)
    assert said in shell("restore", "evil.tar.gz", at="there")
    assert (shell.code, shell.restored) == (EXIT_PROBLEM, [])
    assert not (shell.folder / "evil").exists()


def test_a_bomb_is_refused_before_it_is_unpacked(shell: Shell) -> None:
    shell("backup", "copy.tar.gz")

    def claim(parts: dict[str, bytes]) -> None:
        manifest = json.loads(parts["manifest.json"])
        manifest["parts"][0]["size"] = 1 << 60
        parts["manifest.json"] = json.dumps(manifest).encode()

    packed(shell.folder / "bomb.tar.gz", claim)
    assert "not enough room" in shell("restore", "bomb.tar.gz", at="there")
    assert shell.restored == []


def test_what_is_no_archive(shell: Shell) -> None:
    (shell.folder / "note.txt").write_text("hello")
    (shell.folder / "note.gz").write_bytes(gzip.compress(b"hello"))
    assert shell("restore", "note.txt", at="there") == "note.txt is not a backup of gaamac-bot."
    assert shell("restore", "note.gz", at="there").startswith("note.gz is damaged or not complete.")
    assert shell("restore", "nothing.gz", at="there") == "nothing.gz cannot be read: No such file or directory."
    assert (shell.code, shell.restored) == (EXIT_PROBLEM, [])


def test_a_damaged_database_and_a_newer_one_are_found(shell: Shell) -> None:
    database = shell.folder / "here" / "bot.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    shell("backup", "copy.tar.gz")
    assert "newer than this one" in shell("restore", "copy.tar.gz", at="there")
    assert (shell.code, shell.restored) == (EXIT_DATABASE, [])


def test_only_into_an_empty_folder(shell: Shell) -> None:
    shell("backup", "copy.tar.gz")
    before = dump(shell.folder / "here" / "bot.db")
    assert shell("restore", "copy.tar.gz").startswith("A backup is only put back into an empty data folder")
    assert shell.code == EXIT_PROBLEM
    assert dump(shell.folder / "here" / "bot.db") == before


def test_not_into_the_folder_of_a_bot_that_just_began(shell: Shell) -> None:
    shell("backup", "copy.tar.gz")
    (shell.folder / "there").mkdir()
    with (shell.folder / "there" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert shell("restore", "copy.tar.gz", at="there").startswith("A gaamac-bot is running")
    assert (shell.code, shell.restored) == (EXIT_RUNNING, ["lock"])
    shell("restore", "copy.tar.gz", at="there")
    assert shell.code == 0


def test_only_for_the_account_that_it_is_of(shell: Shell) -> None:
    shell("backup", "copy.tar.gz")
    shell.configure("there", user="@other:example.org")
    assert "is a backup of @gaamac:example.org" in shell("restore", "copy.tar.gz", at="there")
    assert shell.restored == []


def test_a_restoration_that_was_killed_is_not_taken_for_whole(shell: Shell) -> None:
    (shell.folder / "there" / ".restoring").mkdir(parents=True)
    assert "that was interrupted" in shell("export", "x.csv", at="there")
    assert shell.code == EXIT_DATABASE


def full_disk(shell: Shell, *typed: str, at: str) -> tuple[int, str]:
    """Run a command that can write files of half a megabyte at most, as on a disk that is full then."""
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000)); from bot.cli import app; app()"
    )
    command = [sys.executable, "-c", code, *typed, "--config", str(shell.folder / f"{at}.toml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return done.returncode, done.stderr + done.stdout


def test_a_full_disk_leaves_nothing_half(shell: Shell) -> None:
    code, said = full_disk(shell, "backup", str(shell.folder / "copy.tar.gz"), at="here")
    assert code == EXIT_PROBLEM
    assert "Traceback" not in said
    assert sorted(file.name for file in shell.folder.iterdir()) == [
        "glossary.csv",
        "here",
        "here.toml",
        "there.toml",
    ]
    shell("backup", "copy.tar.gz")
    code, said = full_disk(shell, "restore", str(shell.folder / "copy.tar.gz"), at="there")
    assert code == EXIT_PROBLEM
    assert "The backup cannot be put into" in said
    assert shell.restored == []


def test_what_was_killed_is_swept_away_and_what_is_being_made_is_not(shell: Shell) -> None:
    order = Order.of(load(shell.folder / "here.toml"), shell.folder / "copy.tar.gz")
    code = (
        "import sys, time; from bot import archive, backup; "
        "archive.pack = lambda *_: (print('working', flush=True), time.sleep(60)); backup.main()"
    )
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(order.model_dump_json())
        process.stdin.close()
        assert process.stdout.readline() == "working\n"
        backup.sweep(shell.folder)
        assert len(list(shell.folder.glob(f"{backup.ASIDE}*"))) == 1
        process.send_signal(signal.SIGKILL)
    backup.sweep(shell.folder)
    assert list(shell.folder.glob(f"{backup.ASIDE}*")) == []
    assert not (shell.folder / "copy.tar.gz").exists()


def test_what_it_is_encrypted_with_is_on_no_command_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAAMAC_BACKUP__PASSPHRASE", "correct horse battery")
    order = Order.of(load(shell.folder / "here.toml"), shell.folder / "copy.age")
    assert order.passphrase == "correct horse battery"
    assert "correct horse" not in order.settings
