"""What is answered to a visitor: a document, its ETag (RFC 9110), and the headers that keep a browser safe."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from aiohttp import hdrs, web

HTML, ATOM, XML, CALENDAR, CSS, SVG, TEXT = (
    f"{kind}; charset=utf-8"
    for kind in (
        "text/html",
        "application/atom+xml",
        "application/xml",
        "text/calendar",
        "text/css",
        "image/svg+xml",
        "text/plain",
    )
)
FRESH = "no-cache"
"""Caches may keep it, and must ask each time whether it still holds: what is withdrawn is gone at once."""
FOREVER = "public, max-age=31536000, immutable"
"""For what has its hash in its address."""
SAFE = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    # In place of the versions of Python and of its libraries.
    "Server": "gaamac-bot",
}


@dataclass(frozen=True, slots=True)
class Document:
    """A body with its type. `caching` is what caches may do with it; `vary` on what it depends besides."""

    body: bytes
    kind: str = HTML
    status: int = 200
    caching: str = FRESH
    headers: dict[str, str] = field(default_factory=dict)
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        # A frozen dataclass is given a computed field in this way.
        object.__setattr__(self, "etag", hashlib.sha256(self.body).hexdigest()[:32])


def answer(request: web.BaseRequest, one: Document) -> web.Response:
    """Answer with a document, or with 304 if the visitor has it already."""
    headers = SAFE | {hdrs.CACHE_CONTROL: one.caching} | one.headers
    if one.status != 200:
        return web.Response(
            body=one.body,
            status=one.status,
            headers=headers | {hdrs.CONTENT_TYPE: one.kind, hdrs.CACHE_CONTROL: "no-store"},
        )
    headers[hdrs.ETAG] = f'"{one.etag}"'
    if any(known.value in ("*", one.etag) for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=one.body, headers=headers | {hdrs.CONTENT_TYPE: one.kind})
