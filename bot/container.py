"""The command line as the process of a container: `python -m bot.container run`.

A container that is to be there after the machine was restarted is started again whatever it ended with. Where that
does not help, it does harm: a log-in with a wrong password each minute makes the homeserver lock the account. So
after such an end the container waits, unhealthy, until a person has done what the log says and restarts it.
"""

from __future__ import annotations

import signal
import sys

from bot import cli
from bot.errors import EXIT_DATABASE, EXIT_LOGIN, EXIT_RUNNING, EXIT_SETTINGS

FOR_A_PERSON = (EXIT_SETTINGS, EXIT_LOGIN, EXIT_DATABASE, EXIT_RUNNING)
"""As `RestartPreventExitStatus` in deploy/gaamac-bot.service."""


def main() -> None:
    """Run a command; after a `run` that only a person can help, wait for SIGTERM or SIGINT before the exit."""
    try:
        cli.main()
    except SystemExit as end:
        if sys.argv[1:2] != ["run"] or end.code not in FOR_A_PERSON:
            raise
        print("The container now waits. Do what is said above, then restart it.", file=sys.stderr, flush=True)  # noqa: T201
        ends = {signal.SIGTERM, signal.SIGINT}
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)
        signal.sigwait(ends)
        raise


if __name__ == "__main__":
    main()
