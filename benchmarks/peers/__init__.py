"""This bot beside others of its kind, on one homeserver, in one run: `make bench-peers`."""
