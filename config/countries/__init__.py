"""Countries: their names in all languages, their regions, and how to find them by what people type."""

from config.countries.atlas import (
    Country,
    Holder,
    Organisation,
    Region,
    Standing,
    countries,
    organisations,
    regions,
)
from config.countries.finding import Found, How, find, find_region
from config.countries.index import ready

__all__ = [
    "Country",
    "Found",
    "Holder",
    "How",
    "Organisation",
    "Region",
    "Standing",
    "countries",
    "find",
    "find_region",
    "organisations",
    "ready",
    "regions",
]
