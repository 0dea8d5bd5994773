"""The commands that test: `check`, `test`, `test-cuda`, `test-gpu`, `faults`, `fuzz`."""
