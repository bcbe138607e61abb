"""Settings, starter content and translation catalogues. It imports nothing of ours."""
