"""Commands in README and docs exist in this checkout, and so do their options.

Each command is parsed here as make, `./hpcpy` and the image's modules parse it.  The test that
`RUN` names runs a block of README and docs, or test_docs_run.py does if all of its commands are
for the image; any other block has a line above it that says what it needs: `*Needs Slurm:*`.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from docs_blocks import PAGES, Block, WrongError, blocks, is_name, read, split, typed

from hpcpy import paths
from image_commands import IN_IMAGE
from workloads.doctor import promises

BLOCKS = blocks()
# What a reader types, or builds from; others are files, and text is what is printed.
COMMANDS = ("sh", "console", "bash", "dockerfile", "singularity")
LANGUAGES = (*COMMANDS, "python", "toml", "yaml", "text")
# A page, the beginning of its blocks that a test takes from the page and runs, and that test.
RUN = (
    ("README.md", "make run", ".ci/run"),
    ("README.md", "export PATH=", "tests/launch/test_readme.py"),
    ("README.md", "Bootstrap: ", "tests/launch/test_definition_files.py"),
    ("docs/bake.md", "Bootstrap: ", "tests/launch/test_definition_files.py"),
    ("docs/examples.md", "", "tests/launch/test_examples.py"),
    ("docs/jupyter.md", "./hpcpy kernelspec", "tests/launch/test_docs_wrap.py"),
    ("docs/linalg.md", "#!/bin/bash", "tests/launch/test_cluster_dask.py"),
    ("docs/modules.md", "make modulefile", "tests/launch/test_docs_wrap.py"),
)
# Pages for developers: their commands take minutes to hours each.
OF_THE_CHECKOUT = ("CONTRIBUTING.md", "SECURITY.md")
SPAN = re.compile(r"(?<!`)`((?:make|\./hpcpy|python3? -m \w+) [^`\n]+)`(?!`)")


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
def test_a_block_says_its_language(page: Path) -> None:
    own = [block for block in BLOCKS if block.page == page]
    assert len(own) * 2 == len(re.findall("^```", page.read_text(), re.MULTILINE))
    for block in own:
        assert block.language in LANGUAGES, f"{block}: say which it is: {', '.join(LANGUAGES)}"


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language in COMMANDS], ids=str)
def test_commands_of_a_block_are_there_and_run_or_it_says_what_it_needs(block: Block) -> None:
    left = not_run(block)
    assert not left or block.needs, (
        f"{block}: no test runs `{left[0]}`: write *Needs …:* above the block"
    )
    assert left or not block.needs, f"{block}: a test runs it, so it needs no remark"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_within_sentences_are_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for span in SPAN.findall(text):
        for words in split(span):
            # The other settings that a launch needs stand elsewhere in the sentence.
            part = [*words, "…"] if words[0] == "make" else words
            try:
                if not is_name(words):
                    read(part)
            except WrongError as error:
                pytest.fail(f"{page.name}: `{span}`: {error}")


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "python"], ids=str)
def test_python_of_a_block_compiles(block: Block) -> None:
    compile(block.text, str(block), "exec")


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "toml"], ids=str)
def test_toml_of_a_block_is_what_its_reader_takes(block: Block) -> None:
    table = tomllib.loads(block.text)
    if "promises" in table:
        assert promises.why_not(table["promises"]) == ""
    else:
        (image,) = table["images"].values()
        features = {file.parent.name for file in paths.ROOT.glob("src/interp/features/*/README.md")}
        assert features > {*image["features"]}


def test_the_tests_that_run_blocks_read_these_pages() -> None:
    for page, start, test in RUN:
        assert page in (paths.ROOT / test).read_text()
        assert [block for block in BLOCKS if run_by(block) == test], (page, start)


def test_the_readme_is_short() -> None:
    assert len((paths.ROOT / "README.md").read_text().splitlines()) <= 120


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("make such", "make has no target such"),
        ("make launch NODE=2 W=pi", "'NODE' is no variable of this target"),
        ("make launch W='pi --impls mpi'", "--impls"),
        ("make run W='mandel --impl nompy'", "unknown technique 'nompy'"),
        ("./hpcpy such", "unknown command 'such'"),
        ("./hpcpy modulefile --where /x", "unrecognized arguments: --where"),
        ("X=1 srun -n 2 apptainer exec a.sif python -m workloads p2p --such", "--such"),
        ("mpiexec -n 2 python -m workloads linalk", "unknown workload 'linalk'"),
        ("python -m workloads forecast --imports x", "--imports"),
        ("apptainer exec a.sif python3 -m hpcpy_info --chek", "argparse refuses it"),
        ("python -m workloads.preflight", "starts no program"),
        ("apptainer exec a.sif hpcpy batch --node=2 -- my.py > job.sh", "--node=2"),
    ],
)
def test_what_is_not_there_is_found(command: str, says: str) -> None:
    (words,) = split(command)
    with pytest.raises(WrongError, match=re.escape(says)):
        read(words)
