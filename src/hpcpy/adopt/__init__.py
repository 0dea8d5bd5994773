"""The way in from conda: what an environment asks for, here: docs/from-conda.md."""
