"""Commands in README and docs exist in this checkout, and so do their options.

Each command is parsed here as make, `./hpcpy` and the image's modules parse it.  The test that
`RUN` names runs a block of README and docs, or test_docs_run.py does if all of its commands are
for the image; any other block has a line above it that says what it needs: `*Needs Slurm:*`.
"""

from pathlib import Path

import pytest
from docs_blocks import PAGES, Block, WrongError, blocks, read, split, typed

from hpcpy.core import paths
from image_commands import IN_IMAGE

BLOCKS = blocks()
# What a reader types, or builds from; others are files, and text is what is printed.
COMMANDS = ("sh", "console", "bash", "dockerfile", "singularity")


# A page, the beginning of its blocks that a test takes from the page and runs, and that test.
RUN = (
    ("README.md", "git clone", ".ci/run"),
    ("README.md", "export PATH=", "tests/launch/test_docs_blocks.py"),
    ("README.md", "Bootstrap: ", "tests/launch/test_definition_files.py"),
    ("docs/how-to/own-packages.md", "Bootstrap: ", "tests/launch/test_definition_files.py"),
    ("docs/how-to/examples.md", "", "tests/launch/test_examples.py"),
    ("docs/how-to/jupyter.md", "./hpcpy kernelspec", "tests/launch/test_docs_blocks.py"),
    ("docs/reference/linalg.md", "#!/bin/bash", "tests/launch/test_cluster_dask.py"),
    ("docs/how-to/modules.md", "make modulefile", "tests/launch/test_docs_blocks.py"),
)
# Pages for developers: their commands take minutes to hours each.
OF_THE_CHECKOUT = ("CONTRIBUTING.md", "SECURITY.md")


def run_by(block: Block) -> str:
    """Return the test that runs a block, or nothing."""
    page = str(block.page.relative_to(paths.ROOT))
    tests = [test for name, start, test in RUN if name == page and block.text.startswith(start)]
    return tests[0] if tests else ""


def others(block: Block) -> list[str]:
    """Return the commands of a block that call nothing of this checkout."""
    found = []
    for line in typed(block):
        for words in split(line):
            try:
                if not read(words):
                    found.append(" ".join(words))
            except WrongError as error:
                pytest.fail(f"{block}: {' '.join(words)}: {error}")
    return found


def not_run(block: Block) -> list[str]:
    """Return the commands of a block that no test runs."""
    unread = others(block)
    if run_by(block):
        return []
    if block.page.name in OF_THE_CHECKOUT:
        return unread
    return [
        line for line in typed(block) if line.split("#")[0].strip() and not IN_IMAGE.match(line)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_blocks_are_there_and_run_or_say_what_they_need(page: Path) -> None:
    for block in (one for one in BLOCKS if one.page == page and one.language in COMMANDS):
        left = not_run(block)
        assert not left or block.needs, (
            f"{block}: no test runs `{left[0]}`: write *Needs …:* above the block"
        )
        assert left or not block.needs, f"{block}: a test runs it, so it needs no remark"
