"""The public library by HTTP: which address shows what, and what happens when something goes wrong."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import structlog
from aiohttp import web

from bot.library import calendars, commitments, events, feeds, finding, network, pages, places, practices, terms
from bot.library.asking import LAST_PAGE, LONGEST_WORDS, Ask, MissingError, Sheet, context, preferred
from bot.library.documents import FRESH, SAFE, Document, answer
from bot.library.shelf import BusyError, Shelf
from bot.library.visitors import open_to_the_world
from commands.context import Context
from commands.rendering import plain
from config import countries
from config.languages import SPOKEN
from config.settings import Settings
from storage.database import Database
from storage.folding import fold

log = structlog.get_logger(__name__)

CONTENTS = ("practices", "commitments", "glossary", "events", "focal")
"""As `Writer.changed` names them."""
SLOT_SECONDS = 600
"""How long a page that says what comes next holds; others hold a day, because they say what is old."""
DAY_SECONDS = 86_400
LONGEST_SECONDS = 60.0
"""Until an answer is made and taken; a visitor who reads more slowly is hung up on."""

Shown = Sheet | partial[Document]
Show = Callable[[Context, Ask], Awaitable[Shown]]
Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class View:
    """What is shown under an address, of which contents it is made, and for how many seconds it holds.

    What visitors can ask in endlessly many ways is not kept: it would drive out what many read.
    """

    path: str
    show: Show
    depends: tuple[str, ...]
    holds: int = DAY_SECONDS
    keep: bool = True


PAGED = ("practices", "commitments", "glossary", "calendar", "calendar/past")
"""Lists that may be longer than a page."""
NUMBER = "{name:[0-9]{1,9}}"
CALENDARS = (
    View("calendar.ics", calendars.everything, ("events",)),
    View("calendar/topic/{name:[^/]{1,100}}.ics", calendars.of_topic, ("events",)),
    View("calendar/country/{name:[A-Za-z]{2}}.ics", calendars.of_country, ("events",)),
)


class Library:
    """The pages, feeds and calendars. They show what is public in the database."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._address = settings.web.address.rstrip("/")
        self._shelf = Shelf(database, CONTENTS)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Answer at the public address as long as the context is open; not at all if there is none.

        Raises:
            StartError: the port cannot be had.

        """
        app = web.Application(middlewares=[self._guard])
        app.add_routes([*self._routes(), *self.calendar_routes()])
        try:
            if self._settings.web.library:
                # Looked up at the first search otherwise, which would wait for it.
                await countries.ready()
                async with open_to_the_world(app, self._settings.web.library):
                    yield
            else:
                yield
        finally:
            await self._shelf.close()

    def calendar_routes(self) -> list[web.RouteDef]:
        """Return the routes of the calendars, which are answered at both addresses."""
        return [
            web.get(f"/{before}{view.path}", self._guarded(self._view(view)))
            for view in CALENDARS
            for before in ("", f"{{language:{'|'.join(SPOKEN)}}}/")
        ]

    def _guarded(self, handle: Handle) -> Handle:
        async def guarded(request: web.Request) -> web.StreamResponse:
            return await self._answered(request, handle)

        return guarded

    def _routes(self) -> list[web.RouteDef]:
        language = f"/{{language:{'|'.join(SPOKEN)}}}"
        return [
            web.get("/", self._choose),
            web.get(language, self._choose),
            web.get(pages.style_path(), _fixed(pages.style())),
            web.get("/icon.svg", _fixed(pages.icon())),
            web.get("/robots.txt", _fixed(feeds.robots(self._address))),
            web.get("/sitemap.xml", _fixed(feeds.sitemaps(self._address))),
            *(web.get(f"{language}/{view.path}", self._view(view)) for view in self._views()),
        ]

    def _views(self) -> tuple[View, ...]:
        def addressed(show: Callable[[Context, Ask, str], Awaitable[partial[Document]]]) -> Show:
            return lambda ctx, ask: show(ctx, ask, self._address)

        return (
            View("", finding.first_page, CONTENTS, SLOT_SECONDS),
            View("search", finding.search, CONTENTS, SLOT_SECONDS, keep=False),
            View("practices", practices.listed, ("practices",)),
            View(f"practices/{NUMBER}", practices.one, ("practices",)),
            View("practices.atom", addressed(feeds.of_practices), ("practices",)),
            View("commitments", commitments.listed, ("commitments",)),
            View(f"commitments/{NUMBER}", commitments.one, ("commitments",)),
            View("commitments.atom", addressed(feeds.of_commitments), ("commitments",)),
            View("glossary", terms.listed, ("glossary",)),
            View("glossary/{name:[a-z0-9][a-z0-9-]{0,79}}", terms.one, ("glossary",)),
            View("calendar", events.coming, ("events",), SLOT_SECONDS),
            View("calendar/past", events.past, ("events",), SLOT_SECONDS),
            View(f"calendar/{NUMBER}", events.one, ("events",), SLOT_SECONDS),
            View(f"calendar/{NUMBER}.ics", calendars.of_event, ("events",)),
            View("calendar.atom", addressed(feeds.of_events), ("events",), SLOT_SECONDS),
            View("map", network.shown, ("focal",)),
            View("map.svg", network.picture, ("focal",)),
            View("sitemap.xml", addressed(feeds.sitemap), CONTENTS),
        )

    def _view(self, view: View) -> Handle:
        async def handle(request: web.Request) -> web.StreamResponse:
            ask = self._asked(request, view)
            now = datetime.now(UTC)
            period = int(now.timestamp()) // view.holds
            make = partial(self._make, view, ask, now)
            return answer(request, await self._shelf.get(ask, view.depends, period, make, keep=view.keep))

        return handle

    async def _make(self, view: View, ask: Ask, now: datetime) -> Document:
        async with self._database.read() as reader:
            shown = await view.show(context(self._settings, reader, ask.language, now), ask)
        if isinstance(shown, Sheet):
            shown = partial(pages.render, shown, ask, self._address)
        # In a thread, because the loop also serves commands.
        return await asyncio.to_thread(shown)

    def _asked(self, request: web.Request, view: View) -> Ask:
        """Return what a visitor asks for; whatever else stands in the address is not looked at."""
        found, query = request.match_info, request.query
        language = found.get("language") or self._settings.default_language
        path = view.path if view in CALENDARS else request.path.lstrip("/").removeprefix(f"{language}/")
        asked = query.get("page", "1") if view.path in PAGED else "1"
        if not re.fullmatch(r"[1-9][0-9]{0,5}", asked, re.ASCII) or int(asked) > LAST_PAGE:
            raise MissingError
        typed = query.get("country", "") if view.path in ("practices", "commitments") else ""
        country = places.chosen(typed)
        level = query.get("level", "") if view.path == "commitments" else ""
        if (typed and not country) or (level and not commitments.level(level)):
            raise MissingError
        words = " ".join(plain(query.get("q", ""))[: LONGEST_WORDS + 1].split()) if view.path == "search" else ""
        # In however many ways a topic or a country can be written, it is one.
        name = fold(found.get("name", "")) if view in CALENDARS else found.get("name", "")
        return Ask(language, path, name, int(asked), words, country, level)

    async def _choose(self, request: web.Request) -> web.StreamResponse:
        """Send on to the first page in the language that the visitor's browser prefers."""
        chosen = request.match_info.get("language") or preferred(
            request.headers.get("Accept-Language", ""), self._settings.default_language
        )
        headers = SAFE | {"Location": f"/{chosen}/", "Vary": "Accept-Language", "Cache-Control": FRESH}
        return web.Response(status=302, headers=headers)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handle) -> web.StreamResponse:
        """Answer whatever happens with a page in the visitor's language, and hang up on who does not read it."""
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                response = await self._answered(request, handler)
                await response.prepare(request)
                await response.write_eof()
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
            raise
        return response

    async def _answered(self, request: web.Request, handle: Handle) -> web.StreamResponse:
        try:
            return await handle(request)
        except (MissingError, web.HTTPNotFound):
            return self._problem(request, 404)
        except web.HTTPMethodNotAllowed:
            return self._problem(request, 405, {"Allow": "GET, HEAD"})
        except BusyError:
            return self._problem(request, 503, {"Retry-After": "5"})
        except web.HTTPException as error:
            return self._problem(request, error.status)
        except Exception as error:
            # The address may hold what somebody searched for; the pattern of the route does not.
            resource = request.match_info.route.resource
            log.exception("a page failed", page=resource.canonical if resource else "", error=type(error).__name__)
            return self._problem(request, 500)

    def _problem(
        self, request: web.Request, status: int, headers: dict[str, str] | None = None
    ) -> web.StreamResponse:
        first = request.path.split("/", 2)[1]
        language = (
            first
            if first in SPOKEN
            else preferred(request.headers.get("Accept-Language", ""), self._settings.default_language)
        )
        message = {404: "missing", 405: "method", 503: "busy", 500: "failed"}.get(status, "request")
        title = (
            pages.worded(language, "There is no such page")
            if status == 404
            else pages.worded(language, "That did not work")
        )
        sheet = Sheet("problem.html", title, {"problem": message}, status=status)
        document = pages.render(sheet, Ask(language, ""), self._address)
        return answer(request, Document(document.body, status=status, headers=headers or {}))


def _fixed(document: Document) -> Handle:
    async def handle(request: web.Request) -> web.StreamResponse:
        return answer(request, document)

    return handle
