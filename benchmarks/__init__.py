"""How fast the bot is, beside a bare client on the same homeserver. Run `make bench`; it asserts nothing."""
