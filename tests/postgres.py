"""A PostgreSQL server for the tests: a cluster of its own in a temporary folder, and a database for each test.

It listens on a socket in its folder and nowhere else. Nothing in it is worth to be kept safe from a power cut.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg

from storage.database import Database

ROLE, PASSWORD = "gaamac", "not/a:secret@"
"""With signs that must be quoted in an address."""
TEMPLATE, EMPTY = "filled_with_tables", "template0"
START_SECONDS = 60.0


class PostgresServer:
    """A server that runs until `stop`. Its databases belong to a role that may do nothing else."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gaamac-pg-"))
        self._account = _account()
        if self._account:
            shutil.chown(self.folder, self._account)
        self._data = self.folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        # The tests have event loops of their own, and some ask for a database where no loop runs.
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def start(self) -> None:
        """Make the cluster, and the template with all tables."""
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        subprocess.run(  # noqa: S603 - a program of the machine
            [
                *(_program("initdb"), "--pgdata", self._data, "--username", "postgres", "--pwfile", secret),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync"),
                # It sorts texts as dictionaries do, so that it shows where the bot relies on code points.
                *("--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "en"),
            ],
            user=self._account,
            cwd=self.folder,
            check=True,
            capture_output=True,
        )
        self.run()
        self._do(self._admin(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'"))
        self.create(TEMPLATE, EMPTY)
        self._do(_with_tables(self.address(TEMPLATE)))

    def run(self) -> None:
        """Start the server on what it has, and wait until it answers."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "autovacuum": "off",
            "max_connections": "300",
            "max_wal_size": "512MB",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a program of the machine
                [_program("postgres"), "-D", self._data, *options],
                user=self._account,
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,  # An interrupt of the tests is not for it.
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._do(self._admin("SELECT 1"))
            except (OSError, asyncpg.PostgresError):
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.05)
            else:
                return

    def halt(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server as an administrator does (SIGINT: connections are cut), or as a power cut (SIGQUIT)."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(60)

    def stop(self) -> None:
        """End the server and delete what it had."""
        if self._process is not None and self._process.poll() is None:
            self.halt(signal.SIGQUIT)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        shutil.rmtree(self.folder)

    def address(self, name: str, *, role: str = ROLE, password: str = PASSWORD) -> str:
        """Return the address of a database, as it stands in the settings."""
        return f"postgresql+asyncpg://{role}:{quote(password, safe='')}@/{name}?host={self.folder}"

    def fresh(self, template: str = TEMPLATE) -> str:
        """Make a database that is a copy of another one, and return its name. Nobody may be connected to that."""
        name = f"test{next(self._numbers)}"
        self.create(name, template)
        return name

    def create(self, name: str, template: str) -> None:
        """Make a database as a copy of another one."""
        self._do(self._admin(f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {template}"))

    def drop(self, name: str) -> None:
        """Delete a database, and end whoever is connected to it."""
        self._do(self._admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))

    def execute(self, name: str, statement: str) -> list[dict[str, Any]]:
        """Run one statement in a database, past all that the bot does, and return its rows."""
        found: list[dict[str, Any]] = self._do(self._admin(statement, name))
        return found

    def contents(self, name: str) -> bytes:
        """Return all bytes of the files of a database, after it was written anew without what was deleted."""
        self.execute(name, "VACUUM FULL")
        self.execute(name, "CHECKPOINT")
        [number] = self.execute(name, f"SELECT oid FROM pg_database WHERE datname = '{name}'")  # noqa: S608
        folder = self._data / "base" / str(number["oid"])
        return b"".join(file.read_bytes() for file in folder.iterdir())

    async def _admin(self, statement: str, database: str = "postgres") -> list[dict[str, Any]]:
        connection = await asyncpg.connect(
            host=str(self.folder), user="postgres", password=PASSWORD, database=database
        )
        try:
            return [dict(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS)


async def _with_tables(address: str) -> None:
    await (await Database.open(address)).close()


def is_installed() -> bool:
    """Tell whether a server can be started on this machine."""
    try:
        _program("initdb")
    except RuntimeError:
        return False
    return True


def _account() -> str | None:
    """Return whom the server runs as: it refuses root."""
    if os.geteuid() != 0:
        return None
    names = {one.pw_name for one in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _program(name: str) -> str:
    """Find a program of PostgreSQL. Debian keeps those of the server out of the way."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or (str(debian[-1]) if debian else None)
    if found is None:
        msg = f"{name} is not installed. On Debian: apt-get install postgresql"
        raise RuntimeError(msg)
    return found
