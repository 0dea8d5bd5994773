"""The commands that remove what was built or downloaded: `clean`, `clean-cache`."""
