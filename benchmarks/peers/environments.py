"""A virtual environment for each peer, made when it is first needed, with the versions in `requirements/`."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parent.parent / ".peers"
"""In the work tree, and not under version control."""


def python(package: str) -> str:
    """Return the interpreter of the environment of a peer.

    Raises:
        subprocess.CalledProcessError: pip could not install it; what pip says stands above.

    """
    requirements = HERE / "requirements" / f"{package}.txt"
    folder = CACHE / package
    interpreter, mark = folder / "bin" / "python", folder / "installed"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if not mark.exists() or mark.read_text() != wanted:
        print(f"Installing {package} for the comparison.", file=sys.stderr)
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(interpreter), "-m", "pip", "install", "--quiet", "--requirement", str(requirements))
        mark.write_text(wanted)
    return str(interpreter)


def version(package: str) -> str:
    """Return the version of a peer as it is installed."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.check_output([python(package), "-c", code], text=True).strip()  # noqa: S603


def _run(*command: str) -> None:
    subprocess.run(command, check=True)  # noqa: S603
