"""Views of files by every datatype constructor, and HDF5 selections, on one to four ranks."""

from pathlib import Path

import pytest

from running import on_ranks, printed
from tiers import sampled

PROGRAMS = Path(__file__).parent
# A seed nests datatypes by chance.
SEEDS = [(), (1,), (2,), (3,)]


@pytest.mark.parametrize("seed", sampled(SEEDS))
@pytest.mark.parametrize("size", sampled([2, 1, 3, 4]))
def test_ranks_write_and_read_what_their_views_show(
    tmp_path: Path, size: int, seed: tuple[int, ...]
) -> None:
    assert printed(on_ranks(size, PROGRAMS / "views.py", tmp_path, *seed)).split()[1:] == ["cases"]


@pytest.mark.parametrize("size", sampled([2, 1, 3]))
def test_ranks_write_and_read_what_they_select_of_hdf5s_datasets(tmp_path: Path, size: int) -> None:
    done = on_ranks(size, PROGRAMS / "selections.py", tmp_path)
    assert (done.returncode, done.stdout.split()[1:]) == (0, ["cases"]), done
