"""A library that has only MPI 3.1: the image's own, which denies having newer functions."""

import re
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from test_mpi import OWN, ranks

from tiers import sampled

# What MPI 4.0 has brought: large counts, sessions, partitioned and persistent
# collective communication, and some single functions.
NEWER = re.compile(
    r"MPI_(\w+_c|Session_\w+|Isendrecv\w*|Pready\w*|Parrived|P(send|recv)_init"
    r"|(?!Send_|[BSR]send_|Recv_)\w+_init|Info_create_env|Info_get_string|Comm_idup_with_info"
    r"|\w+_from_groups?|Group_from_session_pset)"
)


# Functions of MPI 3.1 with counts: mpi4py calls those for large counts where it can.
WORK = """
import sys
from mpi4py import MPI
import numpy as np
comm, one = MPI.COMM_WORLD, MPI.COMM_SELF
rank, size = comm.rank, comm.size
right, left = (rank + 1) % size, (rank - 1) % size
a, b = np.arange(8.0) + rank, np.zeros(8)
comm.Sendrecv(a, right, recvbuf=b, source=left)
assert (b == np.arange(8.0) + left).all()
requests = [comm.Recv_init(b, left), comm.Send_init(a, right)]
MPI.Prequest.Startall(requests); MPI.Request.Waitall(requests)
[request.Free() for request in requests]
comm.Sendrecv_replace(b, right, source=left)
every = np.empty((size, 8))
comm.Allgather(a, every); comm.Allgatherv(a, [every, [8] * size, None, MPI.DOUBLE])
assert (every[:, 0] == np.arange(size)).all()
comm.Alltoall(every.copy(), every); comm.Ialltoallv(
    [every.copy(), [8] * size, None, MPI.DOUBLE], [every, [8] * size, None, MPI.DOUBLE]).Wait()
comm.Alltoallw([every.copy(), [8] * size, [64 * i for i in range(size)], [MPI.DOUBLE] * size],
               [every, [8] * size, [64 * i for i in range(size)], [MPI.DOUBLE] * size])
comm.Allreduce(MPI.IN_PLACE, b); comm.Reduce_scatter_block(every, b); comm.Scan(a, b)
comm.Iallreduce(a, b).Wait(); comm.Exscan(a, b); comm.Bcast(b); comm.Reduce(a, b)
comm.Gather(a, every); comm.Scatter(every, b)
comm.Iscatterv([every, [8] * size, None, MPI.DOUBLE], b).Wait()
ring = comm.Create_cart([size], [True])
two = np.empty((2, 8)); ring.Neighbor_allgather(a, two)
assert sorted(two[:, 0]) == sorted([left, right])
types = [MPI.DOUBLE.Create_vector(2, 1, 3), MPI.DOUBLE.Create_indexed([1, 2], [0, 4]),
         MPI.DOUBLE.Create_subarray([4, 4], [2, 2], [1, 1]), MPI.DOUBLE.Create_resized(0, 16),
         MPI.Datatype.Create_struct([1, 1], [0, 8], [MPI.INT, MPI.DOUBLE])]
assert [t.Get_size() for t in types] == [16, 24, 32, 8, 12]
assert types[0].Get_extent() == (0, 32) and types[2].combiner == MPI.COMBINER_SUBARRAY
packed = np.empty(MPI.DOUBLE.Pack_size(8, comm), 'b')
assert MPI.DOUBLE.Pack(a, packed, 0, comm) == 64
status = MPI.Status()
comm.Isend(a, right); comm.Probe(left, status=status)
assert status.Get_count(MPI.DOUBLE) == status.Get_elements(MPI.DOUBLE) == 8
comm.Mprobe(left).Recv(b)
window = MPI.Win.Allocate(64, 8, comm=comm)
window.Fence(); window.Put(a, right); window.Fence()
window.Lock(right); window.Accumulate(a, right, op=MPI.SUM)
window.Flush(right); window.Unlock(right)
window.Fence(); assert (np.frombuffer(window) == 2 * (np.arange(8.0) + left)).all(); window.Free()
shared = MPI.Win.Allocate_shared(8, comm=comm); assert shared.Shared_query(0)[0]; shared.Free()
file = MPI.File.Open(comm, sys.argv[1], MPI.MODE_CREATE | MPI.MODE_RDWR)
file.Set_view(64 * rank, MPI.DOUBLE); file.Write_all(a); file.Sync(); comm.Barrier()
file.Iread_at(0, b).Wait(); file.Close(); assert (a == b).all()
assert comm.allreduce({'x': rank}, lambda x, y: x)['x'] == 0
"""
LACKING = """
calls = [
    lambda: MPI.Session.Init(), lambda: MPI.Info.Create_env(),
    lambda: comm.Isendrecv(a, right, recvbuf=b, source=left), lambda: comm.Bcast_init(b),
    lambda: comm.Psend_init(a, 1, right), lambda: comm.Barrier_init(),
    lambda: MPI.Intracomm.Create_from_group(comm.Get_group()),
    lambda: comm.Allreduce_init(a, b), lambda: ring.Neighbor_allgather_init(a, two),
]
for call in calls:
    try:
        call()
    except NotImplementedError:
        pass
    else:
        raise SystemExit(f'call {calls.index(call)} is there')
print('works', size)
"""


def symbols(library: bytearray) -> Iterator[tuple[int, str]]:
    """Give each entry of .dynsym, as its offset, and its name."""
    table, size, count = struct.unpack_from("<40xQ10xHH2x", library)
    sections = [struct.unpack_from("<IIQQQQIIQQ", library, table + size * i) for i in range(count)]
    dynamic = next(section for section in sections if section[1] == 11)
    names = sections[dynamic[6]][4]
    for entry in range(dynamic[4], dynamic[4] + dynamic[5], 24):
        start = names + struct.unpack_from("<I", library, entry)[0]
        yield entry, library[start : library.index(b"\0", start)].decode()


def without(library: Path, absent: Callable[[str], bool]) -> set[str]:
    """Hide functions of a library and return their names."""
    content = bytearray(library.read_bytes())
    hidden = {entry: name for entry, name in symbols(content) if absent(name)}
    for entry in hidden:
        # Undefined, as a name that it uses and another library has.
        struct.pack_into("<HQ", content, entry + 6, 0, 0)
    library.write_bytes(content)
    return set(hidden.values())


@pytest.fixture
def older(tmp_path: Path) -> str:
    """Return the folder of a library that has only what MPI 3.1 knows."""
    copy = Path(shutil.copy(OWN, tmp_path / OWN.name))
    hidden = without(copy, lambda name: NEWER.fullmatch(name) is not None)
    assert {"MPI_Send_c", "MPI_Bcast_init", "MPI_Precv_init", "MPI_Session_init"} < hidden
    assert hidden.isdisjoint({"MPI_Init", "MPI_Send_init", "MPI_Comm_create_group"})
    assert len(hidden) > 190
    return str(copy.parent)


@pytest.mark.parametrize("count", sampled([3, 1]))
def test_all_of_mpi_3_1_works_and_what_is_newer_is_a_notimplementederror(
    older: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", older)
    assert ranks(count, WORK + LACKING, str(tmp_path / "file")) == [f"works {count}"] * count
