"""Time zones: how to find them by what people type, and how to name them to people."""

from config.zones.atlas import zones
from config.zones.finding import Found, How, find
from config.zones.index import ready
from config.zones.shown import city, offset, shown

__all__ = ["Found", "How", "city", "find", "offset", "ready", "shown", "zones"]
