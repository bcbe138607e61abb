"""A backup as one file: a tar archive, compressed, and encrypted if there is a passphrase. No database here.

First comes the manifest, which names the other parts with their sizes and hashes. The archive is read entry by
entry, and nothing of it is believed: names, kinds and sizes are what the manifest and this module say, or it is no
backup.

Encrypted it is a file of age (https://age-encryption.org/v1), which its own program opens, too. The library takes
and gives whole files only, so that memory holds the compressed archive for a moment.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Literal

import pyrage
from pydantic import BaseModel, Field, ValidationError

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "bot.db"
SESSION = "session.json"
SETTINGS = "settings.toml"
PARTS = (DATABASE, SESSION, SETTINGS)
NEEDED = (DATABASE,)
BLOCK = tarfile.BLOCKSIZE
PIECE = 1 << 20
SMALL = 1 << 20
"""Of all parts but the database."""
AGE = (b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE-----")
GZIP = b"\x1f\x8b"


class ArchiveError(Exception):
    """A file is no usable backup; the text says why, in a sentence."""


class Part(BaseModel):
    """A file in the archive. `sha256` in hexadecimal."""

    name: Literal["bot.db", "session.json", "settings.toml"]
    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """What a backup is. `made_at`: what happened later is not in it."""

    format: int
    version: str
    schema_revision: str
    made_at: datetime
    user_id: str
    homeserver: str
    parts: list[Part]


def part(path: Path, name: str) -> Part:
    """Return the entry of a file for the manifest."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Part.model_validate({"name": name, "size": path.stat().st_size, "sha256": digest})


def pack(manifest: Manifest, folder: Path, target: Path, passphrase: str | None) -> None:
    """Write the parts of a manifest, which lie in `folder`, into the file `target`.

    Raises:
        OSError: the disk is full, say.

    """
    plain = target if passphrase is None else folder / "archive"
    data = manifest.model_dump_json(indent=1).encode()
    with (
        plain.open("wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.USTAR_FORMAT) as archive,
    ):
        archive.addfile(_entry(MANIFEST, len(data), manifest), io.BytesIO(data))
        for one in manifest.parts:
            with (folder / one.name).open("rb") as file:
                archive.addfile(_entry(one.name, one.size, manifest), file)
    if passphrase is not None:
        target.write_bytes(pyrage.passphrase.encrypt(plain.read_bytes(), passphrase))


def _entry(name: str, size: int, manifest: Manifest) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(manifest.made_at.timestamp())
    return entry


def unpack(path: Path, folder: Path, passphrase: str | None, room: int) -> Manifest:
    """Write the parts of the backup at `path` into `folder`, and see that they are what the manifest says.

    `room` is how many bytes they may have in all.

    Raises:
        ArchiveError: it is no backup, a damaged one, or the passphrase is wrong.
        OSError: it cannot be read, or the parts not be written.

    """
    with path.open("rb") as raw:
        begin = raw.read(max(map(len, AGE)))
        raw.seek(0)
        if begin.startswith(AGE):
            return _unzip(io.BytesIO(_decrypted(raw.read(), passphrase, path)), folder, path, room)
        if not begin.startswith(GZIP):
            raise ArchiveError(f"{path} is not a backup of gaamac-bot.")
        return _unzip(raw, folder, path, room)


def _decrypted(data: bytes, passphrase: str | None, path: Path) -> bytes:
    if passphrase is None:
        raise ArchiveError(
            f"{path} is encrypted. Set its passphrase: GAAMAC_BACKUP__PASSPHRASE, or a file that "
            "GAAMAC_BACKUP__PASSPHRASE_FILE names."
        )
    try:
        return bytes(pyrage.passphrase.decrypt(data, passphrase))
    except pyrage.DecryptError as error:
        # The library tells the two apart only in its words; a test holds them.
        if str(error) == "Decryption failed":
            raise ArchiveError(f"The passphrase does not open {path}. Nothing was changed.") from error
        raise _damaged(path) from error


def _unzip(raw: IO[bytes], folder: Path, path: Path, room: int) -> Manifest:
    try:
        with gzip.GzipFile(fileobj=raw, mode="rb") as packed:
            return _read(packed, folder, path, room)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _damaged(path) from error


def _read(packed: gzip.GzipFile, folder: Path, path: Path, room: int) -> Manifest:
    entries = _entries(packed, path)
    name, size = next(entries, ("", 0))
    if name != MANIFEST or size > SMALL:
        raise ArchiveError(f"{path} is not a backup of gaamac-bot.")
    manifest = _manifest(_exactly(packed, size), path)
    _pass(packed, size)
    expected = {one.name: one for one in manifest.parts}
    sizes = [one.size for one in manifest.parts if one.name != DATABASE]
    if len(expected) < len(manifest.parts) or not expected.keys() >= set(NEEDED) or max(sizes, default=0) > SMALL:
        raise _damaged(path)
    if sum(one.size for one in manifest.parts) > room:
        raise ArchiveError(f"There is not enough room on the disk for what is in {path}.")
    for name, size in entries:
        one = expected.pop(name, None)  # type: ignore[call-overload]
        if one is None or one.size != size:
            raise _damaged(path)
        if _write(packed, folder / one.name, size) != one.sha256:
            raise _damaged(path)
        _pass(packed, size)
    if expected:
        raise _damaged(path)
    return manifest


def _entries(packed: gzip.GzipFile, path: Path) -> Iterator[tuple[str, int]]:
    """Yield name and size of each entry; who takes it reads its content before going on.

    Not by `tarfile` as a whole, which follows links and reads headers of any size into memory.
    """
    while True:
        header = _exactly(packed, BLOCK)
        if header == bytes(BLOCK):
            # To the end, because only there it shows whether something is missing.
            while packed.read(PIECE):
                pass
            return
        try:
            entry = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise _damaged(path) from error
        if entry.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
            raise ArchiveError(f"{path} is not a backup of gaamac-bot: it holds more than files.")
        yield entry.name, entry.size


def _manifest(data: bytes, path: Path) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        raise ArchiveError(f"{path} is not a backup of gaamac-bot: its manifest cannot be read.") from error
    if manifest.format != FORMAT:
        raise ArchiveError(
            f"{path} was made by gaamac-bot {manifest.version} in a form that this version does not know. "
            "Install that version, or a newer one."
        )
    return manifest


def _write(packed: gzip.GzipFile, target: Path, size: int) -> str:
    digest = hashlib.sha256()
    with target.open("xb") as file:
        target.chmod(0o600)
        for piece in _pieces(packed, size):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _pieces(packed: gzip.GzipFile, size: int) -> Iterable[bytes]:
    while size:
        piece = _exactly(packed, min(size, PIECE))
        size -= len(piece)
        yield piece


def _exactly(packed: gzip.GzipFile, size: int) -> bytes:
    data = packed.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _pass(packed: gzip.GzipFile, size: int) -> None:
    _exactly(packed, -size % BLOCK)


def _damaged(path: Path) -> ArchiveError:
    return ArchiveError(f"{path} is damaged or not complete. Take another copy of it, or another backup.")
