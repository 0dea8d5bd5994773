"""The groups of checks, a file each: `check(node)` gives findings and changes nothing."""
