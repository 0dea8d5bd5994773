"""Commands of README and docs are ones that this checkout has, with options that they have.

A block is run by the test that `RUN` names; or each of its commands is parsed here as
make, `./hpcpy` and the image's modules parse them. If one is another program's, or needs
`ELSEWHERE`, the block says above itself what it needs: `<!-- needs: Slurm -->`, which no
forge shows.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from docs_blocks import PAGES, Block, WrongError, blocks, is_name, read, split, typed

from hpcpy import paths
from hpcpy.audit import ignore
from workloads.doctor import promises

BLOCKS = blocks()
# What a reader types, or builds from; others are files, and text is what is printed.
COMMANDS = ("sh", "console", "bash", "dockerfile", "singularity")
LANGUAGES = (*COMMANDS, "python", "toml", "yaml", "text")
# A page, how its blocks begin that a test takes from the page and runs, and that test.
RUN = (
    ("README.md", "export PATH=", "tests/launch/test_readme.py"),
    ("docs/bake.md", "Bootstrap: ", "tests/launch/test_definition_files.py"),
    ("docs/examples.md", "", "tests/launch/test_examples.py"),
    ("docs/linalg.md", "#!/bin/bash", "tests/launch/test_cluster_dask.py"),
)
# What is not there on a machine that has only the image.
ELSEWHERE = {"srun", "sbatch", "launch", "podman-hpc", "shifter"}
SPAN = re.compile(r"(?<!`)`((?:make|\./hpcpy|python3? -m \w+) [^`\n]+)`(?!`)")


def run_by(block: Block) -> str:
    """Return the test that runs a block, or nothing."""
    page = str(block.page.relative_to(paths.ROOT))
    tests = [test for name, start, test in RUN if name == page and block.text.startswith(start)]
    return tests[0] if tests else ""


def others(block: Block) -> list[str]:
    """Return the commands of a block that call nothing of this checkout's."""
    found = []
    for line in typed(block):
        for words in split(line):
            try:
                if not read(words):
                    found.append(" ".join(words))
            except WrongError as error:
                pytest.fail(f"{block}: {' '.join(words)}: {error}")
    return found


def elsewhere(block: Block) -> set[str]:
    """Return what a block starts of `ELSEWHERE`."""
    return {word for line in typed(block) for words in split(line) for word in words} & ELSEWHERE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_block_says_its_language(page: Path) -> None:
    own = [block for block in BLOCKS if block.page == page]
    assert len(own) * 2 == len(re.findall("^```", page.read_text(), re.MULTILINE))
    for block in own:
        assert block.language in LANGUAGES, f"{block}: say which it is: {', '.join(LANGUAGES)}"


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language in COMMANDS], ids=str)
def test_commands_of_a_block_are_there_or_it_says_what_it_needs(block: Block) -> None:
    unread = [*others(block), *elsewhere(block)]
    assert not unread or block.needs or run_by(block), (
        f"{block}: no test runs `{unread[0]}`: write <!-- needs: … --> above the block"
    )
    assert unread or not block.needs, f"{block}: its commands are read, so it needs no remark"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_within_sentences_are_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for span in SPAN.findall(text):
        for words in split(span):
            # What a launch needs beside is told elsewhere in the sentence.
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
def test_toml_of_a_block_is_what_its_reader_takes(block: Block, tmp_path: Path) -> None:
    table = tomllib.loads(block.text)
    if "promises" in table:
        assert promises.why_not(table["promises"]) == ""
    elif "ignore" in table:
        (tmp_path / "decided.toml").write_text(block.text)
        assert len(ignore.read(tmp_path / "decided.toml")) == len(table["ignore"])
    else:
        (image,) = table["images"].values()
        features = {file.parent.name for file in paths.ROOT.glob("src/interp/features/*/README.md")}
        assert features > {*image["features"]}


def test_the_tests_that_run_blocks_read_these_pages() -> None:
    for page, start, test in RUN:
        assert f'"{page}"' in (paths.ROOT / test).read_text()
        assert [block for block in BLOCKS if run_by(block) == test], (page, start)


def test_the_readme_is_short() -> None:
    assert len((paths.ROOT / "README.md").read_text().splitlines()) <= 120


def test_the_readme_bakes_as_the_page_on_baking() -> None:
    files = [block.text for block in BLOCKS if block.language == "dockerfile"]
    pages = ["README.md", "bake.md"]
    of = {
        name: [block.text for block in BLOCKS if block.page.name == name and block.text in files]
        for name in pages
    }
    assert of["README.md"] == of["bake.md"]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("make such", "make has no target such"),
        ("make launch NODE=2 W=pi", "'NODE' is no variable of this target"),
        ("make launch W='pi --impls mpi'", "--impls"),
        ("make run W='mandel --impl nompy'", "unknown technique 'nompy'"),
        ("./hpcpy such", "unknown command 'such'"),
        ("sudo ./hpcpy bench cold --sample 3", "--sample"),
        ("./hpcpy modulefile WHERE=/x", "unknown setting 'WHERE'"),
        ("X=1 srun -n 2 apptainer exec a.sif python -m workloads p2p --such", "--such"),
        ("mpiexec -n 2 python -m workloads linalk", "unknown workload 'linalk'"),
        ("python -m workloads forecast --imports x", "--imports"),
        ("apptainer exec a.sif python3 -m hpcpy_info --chek", "argparse refuses it"),
        ("python -m workloads.preflight", "starts no program"),
        ("apptainer exec a.sif hpcpy batch W=pi NODE=2 > job.sh", "unknown setting 'NODE'"),
    ],
)
def test_what_is_not_there_is_found(command: str, says: str) -> None:
    (words,) = split(command)
    with pytest.raises(WrongError, match=re.escape(says)):
        read(words)
