"""What a supervisor is told: systemd's protocol of `sd_notify(3)`, which is one datagram for each piece of news.

Without a supervisor that asked for it nothing is told.
"""

from __future__ import annotations

import os
import socket

import structlog

log = structlog.get_logger(__name__)

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"


def tell(state: str) -> None:
    """Tell the supervisor something, if there is one."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    # An address that begins with @ is in the abstract namespace of Linux.
    where = f"\0{address[1:]}" if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.sendto(state.encode(), where)
    except OSError as error:
        log.warning("cannot tell the supervisor", state=state, error=str(error))
