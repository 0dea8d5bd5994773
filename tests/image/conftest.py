"""Its folder is searched for what tests below it share: running.py, refusals.py."""
