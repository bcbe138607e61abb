"""A real Synapse on this machine, for the demo, the tests and the benchmarks: one folder, one port."""

import asyncio
import base64
import hashlib
import hmac
import importlib.util
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import Any, Self

import aiohttp

from bot.demo.client import Client

_START_LIMIT = 60.0  # seconds until /health must answer; one or two on a machine with nothing else to do
_STOP_LIMIT = 10.0  # seconds that Synapse has for an orderly end before it is killed
_PORT_TRIES = 8

# Rate limits that nobody reaches, for all that Synapse limits but messages.
_HIGH = {"per_second": 100_000, "burst_count": 100_000}
_LIMITS: dict[str, Any] = {
    "rc_login": dict.fromkeys(("address", "account", "failed_attempts"), _HIGH),
    "rc_joins": dict.fromkeys(("local", "remote"), _HIGH),
    "rc_invites": dict.fromkeys(("per_room", "per_user", "per_issuer"), _HIGH),
    "rc_presence": {"per_user": _HIGH},
}
_OTHERS = """registration registration_token_validity joins_per_room key_requests 3pid_validation profile
reports third_party_invite media_create delayed_event_mgmt room_creation user_directory"""
_LIMITS |= {f"rc_{name}": _HIGH for name in _OTHERS.split()}

# Below the range from which Linux takes the ports of outgoing connections (32768 and up). A client that
# retries while the homeserver is down could otherwise be given this very port, and so keep it occupied.
_PORTS = range(20_000, 30_000)

# Runs in the child. Synapse has a session of its own, so that Ctrl-C in a terminal reaches us and not it, and
# nothing would end it if we were killed. On Linux the kernel does (PR_SET_PDEATHSIG is 1). The child asks for
# it, not a preexec_fn, which is unsafe with threads. We may be gone before it could ask: hence getppid.
_CHILD = """
import ctypes, os, signal, sys
parent = int(sys.argv.pop(1))
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the process that started this homeserver is gone")
from synapse.app.homeserver import main
main()
"""


class HomeserverError(Exception):
    """The homeserver could not be started; the message says why and what the person can do."""


class _PortTakenError(HomeserverError):
    """Another program listens on the port that we chose."""


class Homeserver(AbstractAsyncContextManager["Homeserver"]):
    """A Synapse of our own on 127.0.0.1, without federation, with SQLite and all its data in one folder.

    `url` is where clients connect, `name` the server name in user ids, `folder` where data and logs are.
    It stops at the end of an `async with`, on Linux also with the thread that started it (use the main one).
    """

    def __init__(self, folder: Path, options: dict[str, Any], say: Callable[[str], None]) -> None:
        self.folder = folder.resolve()
        self.name = "demo.localhost"
        self._options = options
        self._say = say
        self._port = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._secret = secrets.token_hex(32)
        self._clients: list[Client] = []

    @classmethod
    async def start(
        cls,
        folder: Path,
        *,
        rate_limits: bool = False,
        default_room_version: str | None = None,
        say: Callable[[str], None] | None = None,
    ) -> Self:
        """Start a homeserver whose data is in `folder`, which is made when missing and may hold earlier data.

        With `rate_limits`, each person may send a burst of 10 and then 0.2 events per second, as is Synapse's
        default; making a room, inviting, joining and setting state count too, but have no other limits.
        `default_room_version` is that of new rooms, else Synapse's own. `say` is told in words what happens.
        Raises HomeserverError when Synapse is not installed or does not answer.
        """
        missing = [module for module in ("synapse", "psutil") if importlib.util.find_spec(module) is None]
        if missing:
            raise HomeserverError(f"{missing[0]} is missing. Run: pip install 'gaamac-bot[homeserver]'")
        options = _LIMITS if rate_limits else _LIMITS | {"rc_message": _HIGH}
        if default_room_version is not None:
            options = options | {"default_room_version": default_room_version}
        new = cls(folder, options, say or (lambda _: None))
        for _ in range(_PORT_TRIES):
            new._port = _free_port()
            try:
                await new._run()
            except _PortTakenError as taken:
                new._say(f"{taken} Trying another one.")
            else:
                return new
        raise HomeserverError(f"{_PORT_TRIES} ports in turn were taken by other programs. Try again.")

    @property
    def url(self) -> str:
        """The base address for clients, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def process(self) -> int | None:
        """The process id of Synapse; None while it is stopped."""
        return self._child.pid if self._child and self._child.poll() is None else None

    async def stop(self) -> None:
        """End Synapse in order, and close the clients that `register` returned. Harmless when stopped."""
        clients, self._clients = self._clients, []
        try:
            for client in clients:
                await client.close()
        finally:
            await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End Synapse at once, as a power cut would (SIGKILL). Clients stay open for a `restart`."""
        await self._end(signal.SIGKILL)

    async def restart(self) -> None:
        """Stop Synapse if it runs, and start it on the same port and data. Clients stay open.

        Raises HomeserverError when the port was taken meanwhile or Synapse does not answer.
        """
        await self._end(signal.SIGTERM)
        await self._run()

    async def register(
        self, localpart: str, password: str, *, display_name: str | None = None, admin: bool = False
    ) -> Client:
        """Make an account and return its logged-in client, which `stop` closes if nobody did before.

        With `admin`, the account may use the admin interface. Raises ClientError (M_USER_IN_USE and others).
        """
        client = Client(self.url)
        self._clients.append(client)
        account: dict[str, Any] = {"username": localpart, "password": password}
        if admin:
            path = "/_synapse/admin/v1/register"
            account |= {"nonce": (await client.request("GET", path))["nonce"], "admin": True}
            proof = "\0".join((account["nonce"], localpart, password, "admin")).encode()
            # SHA-1 is what Synapse's shared-secret registration prescribes.
            account["mac"] = hmac.new(self._secret.encode(), proof, hashlib.sha1).hexdigest()
        else:
            path = "/_matrix/client/v3/register"
            account["auth"] = {"type": "m.login.dummy"}
        session = await client.request("POST", path, account)
        client.user_id, client.device_id = session["user_id"], session["device_id"]
        client.access_token = session["access_token"]
        if display_name is not None:
            await client.set_display_name(display_name)
        return client

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    async def _run(self) -> None:
        """Start the process and return when it answers; leave nothing behind otherwise."""
        began = time.monotonic()
        self._write_files()
        self._say(f"Starting a homeserver on {self.url}.")
        self._spawn()
        try:
            await self._answers(began + _START_LIMIT)
        except BaseException:
            await self._end(signal.SIGKILL)
            raise
        self._say(f"The homeserver is ready after {time.monotonic() - began:.1f} s.")

    def _write_files(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = self.folder / "signing.key"
        if not key.exists():
            seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
            key.write_text(f"ed25519 a_demo {seed}\n")
        # JSON is YAML too.
        (self.folder / "homeserver.yaml").write_text(json.dumps(self._settings(), indent=2))
        log = {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"row": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
            "handlers": {"all": {"()": "logging.FileHandler", "filename": "synapse.log", "formatter": "row"}},
            "root": {"level": "WARNING", "handlers": ["all"]},
        }
        (self.folder / "log.yaml").write_text(json.dumps(log, indent=2))

    def _settings(self) -> dict[str, Any]:
        listener = {"type": "http", "port": self._port, "bind_addresses": ["127.0.0.1"]}
        secret = ("registration_shared_secret", "macaroon_secret_key", "form_secret")
        return {
            "server_name": self.name,
            "public_baseurl": self.url + "/",
            "listeners": [listener | {"resources": [{"names": ["client"]}]}],
            "federation_domain_whitelist": [],
            "trusted_key_servers": [],
            # Synapse runs in this folder, so that the names are relative to it.
            "database": {"name": "sqlite3", "args": {"database": "homeserver.db"}},
            "signing_key_path": "signing.key",
            "media_store_path": "media",
            "log_config": "log.yaml",
            "enable_registration": True,
            "enable_registration_without_verification": True,
            "report_stats": False,
            "presence": {"enabled": False},
            "bcrypt_rounds": 4,
            # Otherwise a repeated initial sync answers with what it said up to two minutes ago.
            "caches": {"sync_response_cache_duration": "0s"},
            **dict.fromkeys(secret, self._secret),
            **self._options,
        }

    def _spawn(self) -> None:
        # Neither warnings made errors in our environment (-W) nor modules in the folder (-P) concern Synapse.
        command = [sys.executable, "-W", "ignore", "-P", "-c", _CHILD, str(os.getpid())]
        with (self.folder / "output.log").open("wb") as output:
            self._child = subprocess.Popen(  # noqa: S603
                [*command, "--config-path", "homeserver.yaml"],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    async def _answers(self, until: float) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as web:
            while time.monotonic() < until:
                healthy = False
                with suppress(aiohttp.ClientError, TimeoutError):
                    async with web.get(self.url + "/health") as answer:
                        healthy = answer.status == 200
                if self.process is None:
                    raise self._failure("ended while starting")
                if healthy:
                    if not _owns_socket(self.process, self._port):
                        raise _PortTakenError(f"Port {self._port} is taken by another program.")
                    return
                await asyncio.sleep(0.02)
        raise self._failure(f"did not answer within {_START_LIMIT:.0f} s")

    async def _end(self, how: signal.Signals) -> None:
        """Signal the process and wait until it is gone, by force when it takes too long."""
        if self._child is None or self.process is None:
            return
        self._child.send_signal(how)
        try:
            await asyncio.to_thread(self._child.wait, _STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self._child.kill()
            await asyncio.to_thread(self._child.wait)

    def _failure(self, what: str) -> HomeserverError:
        logs = [self.folder / "synapse.log", self.folder / "output.log"]
        words = "\n".join(log.read_text(errors="replace").strip()[-2000:] for log in logs if log.exists())
        if f"TCP port ({self._port})" in words:
            return _PortTakenError(f"Port {self._port} is taken by another program.")
        last = "\n".join(words.splitlines()[-20:]) + "\nIf that does not help, use an empty folder."
        return HomeserverError(f"Synapse {what}. Its last words, from {self.folder}:\n{last}")


def _free_port() -> int:
    for port in random.sample(_PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise HomeserverError(f"No free port between {_PORTS.start} and {_PORTS.stop} on 127.0.0.1.")


def _owns_socket(process: int, port: int) -> bool:
    """Whether this process, and not another one that was quicker, listens on the port."""
    import psutil  # type: ignore[import-untyped,unused-ignore]  # only in the extra `homeserver`

    with suppress(psutil.NoSuchProcess):  # it may end at this moment, when it finds its port taken
        connections = psutil.Process(process).net_connections("tcp")
        return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in connections)
    return False
