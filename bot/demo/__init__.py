"""A homeserver of one's own, a small client and a chat in the terminal, to try the bot without an account."""
