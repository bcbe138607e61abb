"""The map, looked at as a picture: its size, its colours at their places, and no text cut."""

from __future__ import annotations

import colorsys
import io

import pytest
from PIL import Image

from commands.map import Mark, Texts, View, draw, lettering, size
from commands.map.drawing import CANVAS, MARGIN, NONE, TEXT, layout, picture
from config.countries import Standing, countries, find_region, regions
from config.map import shapes
from tests.commands.conftest import Conversation

TEXTS = Texts(
    "Title", "Subtitle", "Focal point: 1", "Mechanism: 1", "Both: 1", "None: 190", "Disclaimer", "Credit"
)
PLACES = {"AU": (134.0, -25.0), "BR": (-52.0, -10.0), "DZ": (3.0, 28.0), "RU": (100.0, 62.0), "US": (-100.0, 40.0)}
MARKS = {"AU": Mark.FOCAL_POINT, "BR": Mark.MECHANISM}


def pixels(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))


def pixel(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    found = image.getpixel((x, y))
    assert isinstance(found, tuple)
    return found


def at(view: View, image: Image.Image, place: tuple[float, float], marks: dict[str, Mark]) -> tuple[int, ...]:
    """Return the colour at a longitude and latitude, found by the frame that the picture itself states."""
    svg = picture(view, marks, TEXTS)
    box = svg.split("<clipPath id='frame'><rect ")[1].split("/>")[0]
    top, high = (float(box.split(f"{name}='")[1].split("'")[0]) for name in ("y", "height"))
    scale = min(CANVAS / (view.right - view.left), high / (view.top - view.bottom))
    x, y = view.place(*place)
    return pixel(
        image,
        round(CANVAS / 2 + (x - (view.left + view.right) / 2) * scale),
        round(top + high / 2 - (y - (view.top + view.bottom) / 2) * scale),
    )


@pytest.fixture(scope="module")
def world() -> Image.Image:
    return pixels(draw(View.world(), MARKS, TEXTS))


def test_it_has_the_size_that_it_was_asked_for() -> None:
    for width in (1600, 800):
        assert size(draw(View.world(), MARKS, TEXTS, width))[0] == width


def test_a_country_has_its_colour_at_its_place(world: Image.Image) -> None:
    view = View.world()
    assert at(view, world, PLACES["AU"], MARKS) == rgb(Mark.FOCAL_POINT.value)
    assert at(view, world, PLACES["BR"], MARKS) == rgb(Mark.MECHANISM.value)
    for code in ("DZ", "RU", "US"):
        assert at(view, world, PLACES[code], MARKS) == rgb(NONE), code
    assert at(view, world, (-30.0, 30.0), MARKS) == (255, 255, 255)  # the Atlantic


def test_both_is_striped_so_that_it_can_be_told_without_colours() -> None:
    marks = {"DZ": Mark.BOTH}
    image = pixels(draw(View.world(), marks, TEXTS))
    seen = {at(View.world(), image, (x / 4, 28.0), marks) for x in range(4, 24)}
    assert any(colour == rgb(Mark.BOTH.value) for colour in seen)
    assert any(min(colour) > 200 for colour in seen)


def test_colours_differ_in_brightness_also_for_who_sees_no_colours() -> None:
    grey = [colorsys.rgb_to_yiq(*(part / 255 for part in rgb(colour)))[0] for colour in
            (Mark.FOCAL_POINT.value, Mark.MECHANISM.value, NONE)]  # fmt: skip
    for one, other in ((0, 1), (1, 2), (0, 2)):
        assert abs(grey[one] - grey[other]) > 0.15


@pytest.mark.parametrize("code", ["SG", "MT", "TV", "MV", "VC", "LI"])
def test_a_small_state_is_a_dot_that_can_be_seen(code: str) -> None:
    marks = {code: Mark.FOCAL_POINT}
    image = pixels(draw(View.world(), marks, TEXTS))
    assert at(View.world(), image, tuple(shapes()["dots"][code]), marks) == rgb(Mark.FOCAL_POINT.value)


def test_every_member_and_observer_of_the_united_nations_is_on_it() -> None:
    data = shapes()
    wanted = {one.alpha2 for one in countries().values() if one.standing is not Standing.OTHER}
    assert not wanted - data["shapes"].keys() - data["dots"].keys()


@pytest.mark.parametrize("code", sorted(regions()))
def test_every_region_can_be_drawn_and_shows_its_countries(code: str) -> None:
    region = regions()[code]
    if not region.countries or code == "010":
        return
    view = View.of(region)
    for one in region.members:
        for longitude, latitude in [shapes()["dots"][one.alpha2]] if one.alpha2 in shapes()["dots"] else []:
            x, y = view.place(longitude, latitude)
            assert view.left < x < view.right, one
            assert view.bottom < y < view.top, one
    assert view.right > view.left
    assert picture(view, {}, TEXTS).startswith("<svg")


@pytest.mark.parametrize(
    ("name", "code", "place"),
    [("africa", "DZ", PLACES["DZ"]), ("europe", "RU", (40.0, 55.0)), ("americas", "US", PLACES["US"]),
     ("oceania", "FJ", (178.0, -17.8)), ("oceania", "AU", PLACES["AU"]), ("asia", "MN", (103.0, 46.0))],
)  # fmt: skip
def test_a_region_shows_its_countries_in_their_colour(name: str, code: str, place: tuple[float, float]) -> None:
    region = find_region(name)
    assert region is not None
    marks = {code: Mark.MECHANISM}
    view = View.of(region)
    image = pixels(draw(view, marks, TEXTS))
    assert at(view, image, place, marks) == rgb(Mark.MECHANISM.value)


async def test_no_text_is_cut_in_any_language(ask: Conversation) -> None:
    long = Texts(*["Puntos focales y mecanismos nacionales registrados – " * 4] * 8)
    for texts in (TEXTS, long):
        lines = layout(texts)
        assert lines
        for one in lines:
            assert one.x >= MARGIN
            right = one.x + lettering.width(one.text, one.size, bold=one.bold)
            assert right <= CANVAS - MARGIN / 2 or one.size == TEXT, one


def test_the_same_is_drawn_twice() -> None:
    assert draw(View.world(), MARKS, TEXTS) == draw(View.world(), MARKS, TEXTS)


def test_a_legend_is_there(world: Image.Image) -> None:
    colours = [rgb(mark.value) for mark in Mark] + [rgb(NONE)]
    below = range(world.height * 3 // 4, world.height)
    for colour in colours:
        assert any(pixel(world, x, y) == colour for y in below for x in range(0, 700, 3)), colour


def test_texts_are_no_markup() -> None:
    texts = Texts("<script>&", *["<b>"] * 7)
    assert "<script>" not in picture(View.world(), {}, texts)
    assert draw(View.world(), {}, texts)


@pytest.mark.parametrize(
    ("typed", "language", "name"),
    [("!focal map", "en", "focal-world.png"), ("!focal carte Afrique", "fr", "focal-africa.png"),
     ("!focal mapa Europa", "es", "focal-europe.png")],
)  # fmt: skip
async def test_the_command_sends_a_picture(ask: Conversation, typed: str, language: str, name: str) -> None:
    await ask(f"!language {language}")
    assert await ask(typed)
    (sent,) = ask.attachments
    assert (sent.name, sent.mimetype) == (name, "image/png")
    assert sent.picture is not None
    assert (sent.picture.width, sent.picture.height) == size(sent.data)
    assert any(character.isdigit() for character in sent.picture.text)
    assert sent.thumbnail is not None
    assert size(sent.thumbnail.data)[0] == 800
    again = sent.data
    await ask(typed)
    assert ask.attachments[0].data is again  # from memory, until the data changes


async def test_a_change_draws_it_anew(ask: Conversation) -> None:
    ask.moderators.add("@mod:example.org")
    await ask("!focal map")
    before = ask.attachments[0].data
    await ask("!focal set brazil source: Note verbale status: active", by="@mod:example.org")
    await ask("!focal map")
    assert ask.attachments[0].data != before
