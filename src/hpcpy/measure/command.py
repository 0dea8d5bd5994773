"""``hpcpy bench NAME [OPTION …]``: measurements that are kept in docs/results."""

from __future__ import annotations

import argparse

from hpcpy.commands import add_commands

BENCHES = {
    "startup": ("hpcpy.measure.startup", "measure starts of Python, image against image"),
    "cold": ("hpcpy.measure.cold.command", "measure starts on a fresh mount, image against image"),
    "features": ("hpcpy.measure.features", "measure what each feature of the interpreter is worth"),
    "launch": ("hpcpy.measure.launch", "measure the steps from srun to the last rank"),
    "bake": ("hpcpy.measure.baked", "measure starts with baked packages against installed ones"),
    "overhead": ("hpcpy.measure.overhead", "measure messages between ranks, in containers and out"),
    "write": ("hpcpy.measure.writing.command", "measure one file against many, on three places"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add a subcommand for each measurement, with its arguments."""
    add_commands(parser, BENCHES, list(BENCHES))
