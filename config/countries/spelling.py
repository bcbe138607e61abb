"""Bring spellings of a country's name to one form.

Not `storage.folding`: that keeps words apart, because it searches texts. Here "Cote dIvoire" and "Guinea Bissau"
must be what they are with their apostrophe and hyphen, so that words count for nothing, and articles for little.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

VIRAMAS = (8, 9)
"""Combining classes that are part of a letter in Indic and Khmer script, not an accent on it."""

ALIKE = str.maketrans(
    {
        # Letters that Unicode does not take apart, but that people type without their stroke or dot.
        "ı": "i",
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ħ": "h",
        "ŋ": "n",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        # Arabic, Persian and Urdu write the same letters with different code points.
        "ى": "ي",
        "ی": "ي",
        "ک": "ك",
        "ة": "ه",
        "\u0640": None,
        # Letters that are apostrophes by their look (Hawaiian, Ukrainian and Uzbek keyboards), and joiners.
        **dict.fromkeys("\u02bb\u02bc\u02b9\u200b\u200c\u200d\u00ad", None),
        "&": " and ",
    }
)

POSSESSIVE = re.compile(r"['’ʼ`´]s\b")

SMALL = frozenset({
    "the", "of", "and", "in",
    "le", "la", "les", "l", "un", "une", "de", "d", "du", "des", "et", "en", "au", "aux",
    "el", "los", "las", "del", "al", "y", "e", "a",
    "o", "os", "as", "do", "da", "dos", "das",
})  # fmt: skip
"""Articles, "and" and "of" in English, French, Spanish and Portuguese."""

SAME = {
    "st": "saint", "ste": "sainte", "sta": "santa", "sto": "santo", "n": "north", "s": "south",
    "is": "islands", "isl": "islands", "rep": "republic", "republique": "republic", "republica": "republic",
    "dem": "democratic", "democratique": "democratic", "democratica": "democratic",
}  # fmt: skip
"""Abbreviations, and words that are nearly alike in our languages."""

FORMAL = frozenset({
    "republic", "democratic", "kingdom", "state", "federal", "federation", "islamic", "people", "peoples",
    "socialist", "independent", "sovereign", "commonwealth", "principality", "duchy", "sultanate", "union",
    "cooperative",
    "royaume", "etat", "federale", "islamique", "populaire", "socialiste", "independant", "principaute", "duche",
    "sultanat",
    "reino", "estado", "federativa", "islamica", "popular", "socialista", "independiente", "principado", "ducado",
    "sultania", "sultanato", "cooperativa",
})  # fmt: skip
"""What stands before or behind the name in a formal name, in our three languages."""

INVERTED = re.compile(r"([^,(]+)[,(]([^,()]+)\)?\s*")


def key(name: str) -> str:
    """Return a name as names are compared: letters and digits only, in small letters without accents.

    Up to three Latin letters keep their accents: without, Vietnamese "Áo" (Austria) is the code of Angola.
    """
    found = "".join(_all_words(name))
    if len(found) <= 3 and found.isascii() and not name.isascii():
        return "".join(filter(str.isalnum, unicodedata.normalize("NFC", name).casefold()))
    return found


def spellings(name: str) -> list[str]:
    """Return keys for a name, the most exact first: as it is, without small words, without formal words.

    Also for the right way round of "Korea, Republic of" and "Iran (Islamic Republic of)".
    """
    inverted = INVERTED.fullmatch(name)
    both = [name, f"{inverted[2]} {inverted[1]}"] if inverted else [name]
    found = [as_key(one) for as_key in (key, loose_key, bare_key) for one in both]
    return [one for one in dict.fromkeys(found) if one]


def loose_key(name: str) -> str:
    """Return the key without small words, and with abbreviations written out; empty if nothing is left."""
    return "".join(words(name))


def bare_key(name: str) -> str:
    """Return the key without small and formal words; empty if nothing is left."""
    return "".join(word for word in words(name) if word not in FORMAL)


def words(name: str) -> list[str]:
    """Return the words of a name without small words, and with abbreviations written out."""
    return [SAME.get(word, word) for word in _all_words(name) if word not in SMALL]


def _all_words(name: str) -> list[str]:
    lower = unicodedata.normalize("NFKD", POSSESSIVE.sub("s", name)).casefold().translate(ALIKE)
    return "".join(map(_kept, unicodedata.normalize("NFKD", lower))).split()


@lru_cache(maxsize=10_000)
def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if unicodedata.combining(character) not in (0, *VIRAMAS) or category == "Cf":
        return ""
    return character if category[0] in "LNM" else " "
