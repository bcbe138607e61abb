"""The public library: pages, feeds and calendars for those who are not in the rooms. No SQL, and no cookies."""
