"""What `gaamac-bot check` finds out about the machine: its disk, its files, and what others may reach on it."""

from __future__ import annotations

import ipaddress
import re
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.findings import Report
from storage.inspection import file_of

FULL, LITTLE = 100_000_000, 1_000_000_000
"""Bytes of room on the disk: too little to work, and little enough to say so."""
MOUNTS = Path("/proc/self/mountinfo")
"""https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html; other systems have none."""
BY_NETWORK = {
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "ocfs2", "gfs2", "davfs",
    "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone", "fuse.davfs2",
}  # fmt: skip
PASSWORD = re.compile(r"://[^/@]*:[^/@]+@")
"""In an address."""
SECRETS = ("password", "access_token", "recovery_key")


def disk(report: Report, folder: Path) -> None:
    """Look at the room on the disk of the data folder."""
    free = free_bytes(folder)
    if free is None:
        return  # The folder cannot be used, which is found elsewhere.
    about, room = "disk", f"{free / 1e9:.1f} GB are free where the data folder is."
    advice = "Make room, or move the data folder to another disk."
    if free < FULL:
        report.problem("disk.full", about, room, advice)
    elif free < LITTLE:
        report.warning("disk.little", about, room, advice)
    else:
        report.ok("disk", about, room)


def file_system(report: Report, folder: Path, database_url: str) -> None:
    """Look whether the database lies on another machine: SQLite's log needs memory that is shared.

    https://www.sqlite.org/wal.html
    """
    file = file_of(database_url)
    kind = _kind(file.absolute().parent) if file else None
    if kind in BY_NETWORK:
        report.problem(
            "data.network",
            f"data folder {folder.absolute()}",
            f"The database lies on a file system of another machine ({kind}), where SQLite loses data.",
            "Move it to a disk of this machine, or use PostgreSQL.",
        )


def _kind(folder: Path) -> str | None:
    """Return of which kind the file system is that holds a folder; None when that cannot be known."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    real = folder.resolve()
    found: tuple[int, str | None] = (0, None)
    for line in lines:
        before, _, behind = line.partition(" - ")
        fields, kinds = before.split(), behind.split()
        if len(fields) < 5 or not kinds:
            continue
        place = Path(fields[4].encode().decode("unicode_escape"))  # a space stands there as \040
        # Of two that are mounted at one place the later one is seen.
        if real.is_relative_to(place) and len(place.parts) >= found[0]:
            found = len(place.parts), kinds[0]
    return found[1]


def settings_file(report: Report, file: Path | None) -> None:
    """Look whether others may read the secrets in the settings file."""
    if file is None:
        return
    about = f"settings file {file.absolute()}"
    try:
        mode, held = file.stat().st_mode, _secrets(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return  # It was read before.
    if held and mode & 0o077:
        report.warning(
            "settings.open",
            about,
            f"It holds {' and '.join(held)}, and other accounts of this machine may read it.",
            f"Run: chmod go= {file.absolute()}",
        )
    else:
        report.ok("settings", about, "It holds no secret that others may read.")


def _secrets(found: Mapping[str, Any]) -> list[str]:
    matrix = found.get("matrix")
    held = [f"matrix.{name}" for name in SECRETS if isinstance(matrix, Mapping) and matrix.get(name)]
    address = found.get("database_url")
    return held + (["database_url"] if isinstance(address, str) and PASSWORD.search(address) else [])


def listening(report: Report, listen: str) -> None:
    """Look whether the numbers of the bot can be read from other networks."""
    if not listen:
        return
    host = listen.rpartition(":")[0].strip("[]")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return  # Where a name leads is the operator's to know.
    if address.is_unspecified or address.is_global:
        report.warning(
            "web.public",
            f"web.listen {listen}",
            "Whoever reaches this machine can read the numbers of the bot (/metrics).",
            "Listen on 127.0.0.1, or let a firewall or a reverse proxy keep others away. In a container that "
            "publishes the port on 127.0.0.1 only, all is well.",
        )
    else:
        report.ok("web", f"web.listen {listen}", "It is an address inside your network.")


def free_bytes(folder: Path) -> int | None:
    """Return how much room there is on the disk of a folder; None when the folder cannot be used."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
