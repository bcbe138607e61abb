"""Tests of `bot.encryption`."""
