"""The public library: what it shows, and what it must never show."""
