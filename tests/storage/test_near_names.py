"""The quick search for misspelt names finds exactly what comparing with each name finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from storage.near_names import NearNames

words = st.text(alphabet="abcé ع", max_size=9)


@given(names=st.lists(words, max_size=40), asked=words, allowed=st.integers(1, 3))
def test_it_finds_what_a_slow_search_finds(names: list[str], asked: str, allowed: int) -> None:
    owned = [(name, str(number)) for number, name in enumerate(names)]
    distances = {owner: OSA.distance(asked, name) for name, owner in owned}
    near = {owner: distance for owner, distance in distances.items() if distance <= allowed}
    assert NearNames(owned).near(asked, allowed) == near


def test_an_owner_is_as_near_as_its_nearest_name() -> None:
    names = NearNames([("genocide", "genocide"), ("genocidio", "genocide"), ("homicide", "homicide")])
    assert names.near("genocidi", 3) == {"genocide": 1}


def test_swapped_letters_are_one_mistake() -> None:
    assert NearNames([("genocide", "genocide")]).near("gneocide", 1) == {"genocide": 1}
