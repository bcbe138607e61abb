"""A short scripted conversation, for who has no terminal at hand: said by the member, answered by the bot."""

from __future__ import annotations

from dataclasses import dataclass

from bot.demo.bot_process import BotError
from bot.demo.client import ClientError
from bot.demo.screen import Screen
from bot.demo.stage import ROOMS, Stage

_PATIENCE = 30.0  # seconds for an answer; it takes a tenth of one

DIRECT = "direct chat"


@dataclass(frozen=True, slots=True)
class Line:
    """What is said, where, what the answer must hold, and what there is to see."""

    says: str
    expects: tuple[str, ...]
    about: str
    room: str = "community"


LINES = (
    Line("!term rtop", ("Responsibility to protect", "A/RES/60/1"), "A term, asked by its abbreviation."),
    Line("!trem genocide", ("!trem", "!term"), "A slip in the command is helped."),
    Line("!term genocde", ("Genocide", "1948"), "So is one in the term."),
    Line("!focal kenia", ("Kenya", "does not mean there is none"), "Who to turn to."),
    Line("!focal map africa", ("The network in Africa",), "The network as a picture."),
    Line("!langue fr", ("français",), "Who prefers French says so, in any room."),
    Line("!terme nettoyage ethnique", ("Nettoyage ethnique", "en ", "es "), "From now on the answers are French."),
    Line("!language en", ("English",), "And back."),
    Line("help", ("term", "language", "status"), "In a direct chat commands need no sign before them.", DIRECT),
)


async def play(stage: Stage, screen: Screen, lines: tuple[Line, ...] = LINES) -> bool:
    """Hold the conversation and print it. Tell whether every expected answer came."""
    right = 0
    places = {key: (room_id, ROOMS[key][0]) for key, room_id in stage.rooms.items()}
    for line in lines:
        screen.note(line.about)
        try:
            if line.room == DIRECT and DIRECT not in places:
                places[DIRECT] = (await stage.direct_chat(stage.member), "direct chat")
            room_id, name = places[line.room]
            right += await _say(stage, screen, line, room_id, name)
        except (ClientError, BotError, TimeoutError) as error:
            screen.trouble(f"No answer came. {error}")
    summary = f"{right} of {len(lines)} answers were as expected."
    if right == len(lines):
        screen.note(summary)
    else:
        screen.trouble(summary)
    return right == len(lines)


async def _say(stage: Stage, screen: Screen, line: Line, room_id: str, name: str) -> bool:
    member = stage.member
    content = {"msgtype": "m.text", "body": line.says}
    event_id = await member.send(room_id, "m.room.message", content)
    screen.message(stage, name, {"sender": member.user_id, "content": content})
    answer = await member.answer_to(event_id, room_id, _PATIENCE)
    screen.message(stage, name, answer)
    body = str(answer["content"]["body"]).replace("\u2068", "").replace("\u2069", "")
    missing = [words for words in line.expects if words not in body]
    if answer["sender"] != stage.bot_user_id:
        screen.trouble("This answer is not from the bot.")
        return False
    if missing:
        screen.trouble(f"The answer lacks: {', '.join(missing)}")
    return not missing
