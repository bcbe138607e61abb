"""A bot on simplematrixbotlib: a listener that matches prefix and command. It keeps its session in a file."""

import json
import os

import simplematrixbotlib as botlib
from nio import MatrixRoom, RoomMessageText

given = json.loads(os.environ["PEER"])
bot = botlib.Bot(botlib.Creds(given["homeserver"], given["user_id"], given["password"]))


@bot.listener.on_message_event
async def term(room: MatrixRoom, message: RoomMessageText) -> None:
    """Answer `!term`."""
    match = botlib.MessageMatch(room, message, bot, "!")
    if match.is_not_from_this_bot() and match.prefix() and match.command("term"):
        await bot.api.send_text_message(room.room_id, given["text"], msgtype="m.notice", reply_to=message.event_id)


bot.run()
