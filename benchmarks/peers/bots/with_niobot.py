"""A bot on nio-bot: a command with an argument. It keeps its sync position in its store."""

import json
import os

import niobot

given = json.loads(os.environ["PEER"])
bot = niobot.NioBot(
    given["homeserver"], given["user_id"], device_id=given["device_id"], store_path="store", command_prefix="!"
)


@bot.command("term")
async def term(ctx: niobot.Context, words: str) -> None:
    """Answer `!term`."""
    await ctx.respond(given["text"])


bot.run(access_token=given["token"])
