"""Lines that docs/how-to/troubleshooting.md quotes are those that the code prints."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/troubleshooting.md").read_text()
BAKE = "src/interp/features/bake"
# A part of a line that stands in the code as it is, and where.
LINES = [
    ("were baked on", f"{BAKE}/_hpcpy_baked.py"),
    ("a base with", f"{BAKE}/_hpcpy_baked.py"),
    (": no index has it", f"{BAKE}/hpcpy_bake/complaints.py"),
    ("has another", "src/interp/importer/_hpcpy_say.py"),
    ("raise the limit (ulimit -v), ", "src/interp/blas/blas.c"),
    ("or set OPENBLAS_NUM_THREADS=1", "src/interp/blas/blas.c"),
    ("processes but MPI sees one rank in each", "src/workloads/parallel/ranks.py"),
    ("every rank is rank 0 of 1", "src/workloads/doctor/checks/mpi.py"),
    ("MPI knows of one in each", "src/workloads/doctor/checks/mpi.py"),
    ("no MPI library loads", "src/interp/mpi/mpi_search.c"),
    ("which cannot be used", "src/interp/mpi/mpi_search.c"),
    (" more open files, and ", "src/interp/mpi/mpi_descriptors.c"),
    ("; see ulimit -n", "src/interp/mpi/mpi_descriptors.c"),
    ("no processes can be spawned here: ", "recipes/patches/mpi/spawn.patch"),
    ("no processes can be spawned below srun", "recipes/patches/mpi/spawn.patch"),
    ("Slurm gives no job: ", "src/hpcpy/launch/explain.py"),
    ("a node has no program ", "src/hpcpy/launch/explain.py"),
    ("no Slurm controller answers", "src/hpcpy/launch/explain.py"),
]


def test_lines_of_ours_are_printed_as_the_page_has_them() -> None:
    assert [line for line, _ in LINES if line not in PAGE] == []
    assert [line for line, file in LINES if line not in (ROOT / file).read_text()] == []


def test_pips_hint_names_what_the_page_names() -> None:
    hint = (ROOT / BAKE / "EXTERNALLY-MANAGED").read_text()
    for command in ("python -m venv --system-site-packages ~/my", "python -m hpcpy_bake PACKAGE"):
        assert command in PAGE
        assert command in hint
