"""The commands that check and test: `check`, `test`, `test-cuda`, `test-gpu`."""
