"""Find names by a misspelt one, among a hundred thousand in a few thousandths of a second.

To compare each name letter by letter takes too long. But a name that differs by a few letters has nearly the
same letters, in whatever order, and that is quickly seen: for each letter there is a bit map of the names that
have it, and all names are counted at once by adding such maps. Only what is left is compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from rapidfuzz.distance import OSA

Letter = tuple[str, int]
"""A letter and how many of it came before: "aba" has (a, 0), (b, 0) and (a, 1)."""


class NearNames:
    """Folded names with their owners, asked for those that are near to a word."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        by_length: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for name, owner in names:
            by_length[len(name)].append((name, owner))
        self._by_length = {length: _Names(some) for length, some in by_length.items()}

    def near(self, asked: str, allowed: int) -> dict[str, int]:
        """Return the owners whose names differ from `asked` in at most `allowed` places, and in how many.

        A place is a letter that is wrong, missing, superfluous or swapped with its neighbour (optimal string
        alignment).
        """
        letters = list(_letters(asked))
        nearest: dict[str, int] = {}
        for length in range(len(asked) - allowed, len(asked) + allowed + 1):
            if length not in self._by_length:
                continue
            # Each superfluous letter of a longer name is a difference, too.
            lacking = allowed - max(0, length - len(asked))
            for name, owner in self._by_length[length].lacking(letters, lacking):
                distance = OSA.distance(asked, name, score_cutoff=allowed)
                if distance <= allowed:
                    nearest[owner] = min(distance, nearest.get(owner, allowed))
        return nearest


class _Names:
    """Names of one length. Bit n of a map stands for the nth name."""

    def __init__(self, names: list[tuple[str, str]]) -> None:
        self._names = names
        maps: dict[Letter, bytearray] = defaultdict(lambda: bytearray(len(names) // 8 + 1))
        for place, (name, _owner) in enumerate(names):
            for letter in _letters(name):
                maps[letter][place >> 3] |= 1 << (place & 7)
        self._maps = {letter: int.from_bytes(bits, "little") for letter, bits in maps.items()}

    def lacking(self, letters: list[Letter], most: int) -> Iterator[tuple[str, str]]:
        """Return the names that lack at most so many of the letters."""
        everyone = (1 << len(self._names)) - 1
        # At place n: those that lack n letters or more, of the letters looked at until now.
        lacks = [everyone, *([0] * (most + 1))]
        for letter in letters:
            lacking = everyone & ~self._maps.get(letter, 0)
            for count in range(most + 1, 0, -1):
                lacks[count] |= lacks[count - 1] & lacking
        left = everyone & ~lacks[most + 1]
        while left:
            lowest = left & -left
            left ^= lowest
            yield self._names[lowest.bit_length() - 1]


def _letters(name: str) -> Iterator[Letter]:
    before: dict[str, int] = {}
    for character in name:
        number = before.get(character, 0)
        before[character] = number + 1
        yield character, number
