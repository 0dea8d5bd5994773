"""The command that removes what was built or downloaded: `clean`; whom a cache is trusted by."""
