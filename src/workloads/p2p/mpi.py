"""The techniques: ways to send the message `out` to one rank, and to receive one from another.

All ranks open and close their channels together; in between only those that send or receive
call them.  Each has the methods of the first one.
"""
# ruff: noqa: D102

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpi4py import MPI
from mpi4py.util import pkl5

from workloads.device.cuda import cupy_device, require_gpu_aware
from workloads.parallel import ranks

if TYPE_CHECKING:
    from workloads.p2p.messages import Bytes


class Upper:
    """``Send`` and ``Recv``: the bytes of a buffer, as a C program would send them."""

    def __init__(self, comm: Any, out: Bytes, dest: int, source: int) -> None:
        self.comm, self.dest, self.source = comm, dest, source
        self.out, self.into = out, out.copy()

    def send(self) -> None:
        self.comm.Send(self.out, self.dest)

    def receive(self) -> None:
        self.comm.Recv(self.into, self.source)

    def swap(self) -> None:
        # Two blocking sends that wait for each other's receive would never end.
        self.comm.Sendrecv(self.out, self.dest, recvbuf=self.into, source=self.source)

    def clear(self) -> None:
        # What arrived before is not to be taken for what arrives next.
        self.into[:] = 0

    def arrived(self) -> Bytes:
        return self.into

    def close(self) -> None:
        pass


class Lower(Upper):
    """``send`` and ``recv``: any Python object, pickled on its way.

    The talk's exchange: a dictionary with an array in it.  The array is copied
    into the pickle, the pickle is sent, and the other side makes a new array.
    """

    def send(self) -> None:
        self.comm.send({"rank": self.comm.rank, "data": self.out}, self.dest)

    def receive(self) -> None:
        self.into = self.comm.recv(source=self.source)["data"]

    def swap(self) -> None:
        mine = {"rank": self.comm.rank, "data": self.out}
        self.into = self.comm.sendrecv(mine, self.dest, source=self.source)["data"]


class Pickle5(Lower):
    """The same with pickle's protocol 5: an array's bytes go beside the pickle, uncopied.

    That takes more messages: one with the pickle, and one for each buffer.
    """

    def __init__(self, comm: Any, out: Bytes, dest: int, source: int) -> None:
        super().__init__(pkl5.Intracomm(comm), out, dest, source)


class Isend(Upper):
    """``Isend`` and ``Irecv``: begun, and waited for later; a program can compute in between."""

    def send(self) -> None:
        self.comm.Isend(self.out, self.dest).Wait()

    def receive(self) -> None:
        self.comm.Irecv(self.into, self.source).Wait()

    def swap(self) -> None:
        # The receive first, so that the message that arrives has a place to go.
        arriving = self.comm.Irecv(self.into, self.source)
        MPI.Request.Waitall([arriving, self.comm.Isend(self.out, self.dest)])


class Persistent(Upper):
    """``Send_init`` and ``Recv_init``: described once, started again and again."""

    def __init__(self, comm: Any, out: Bytes, dest: int, source: int) -> None:
        super().__init__(comm, out, dest, source)
        self.sending = comm.Send_init(out, dest)
        self.receiving = comm.Recv_init(self.into, source)

    def send(self) -> None:
        self.sending.Start()
        self.sending.Wait()

    def receive(self) -> None:
        self.receiving.Start()
        self.receiving.Wait()

    def swap(self) -> None:
        both = [self.receiving, self.sending]
        MPI.Prequest.Startall(both)
        MPI.Request.Waitall(both)

    def close(self) -> None:
        self.sending.Free()
        self.receiving.Free()


class Put(Upper):
    """``Put``: the sender writes into a window of the receiver's memory.

    Only the ranks that take part in a message synchronise.
    """

    def __init__(self, comm: Any, out: Bytes, dest: int, source: int) -> None:
        super().__init__(comm, out, dest, source)
        self.window = MPI.Win.Create(self.shown(), 1, comm=comm)
        self.everyone = comm.Get_group()
        self.to, self.origin = self.everyone.Incl([dest]), self.everyone.Incl([source])

    def shown(self) -> Bytes:
        return self.into

    def send(self) -> None:
        self.window.Start(self.to)
        self.window.Put(self.out, self.dest)
        self.window.Complete()

    def receive(self) -> None:
        self.window.Post(self.origin)
        self.window.Wait()

    def swap(self) -> None:
        self.window.Post(self.origin)
        self.send()
        self.window.Wait()

    def close(self) -> None:
        for held in (self.window, self.to, self.origin, self.everyone):
            held.Free()


class Get(Put):
    """``Get``: the receiver reads out of a window of the sender's memory."""

    def shown(self) -> Bytes:
        return self.out

    def send(self) -> None:
        self.window.Post(self.to)
        self.window.Wait()

    def receive(self) -> None:
        self.window.Start(self.origin)
        self.window.Get(self.into, self.source)
        self.window.Complete()

    def swap(self) -> None:
        self.window.Post(self.to)
        self.receive()
        self.window.Wait()


class CuPy(Upper):
    """``Send`` and ``Recv`` of CuPy's arrays: from one GPU's memory into another's.

    mpi4py passes their addresses on, and a GPU-aware library moves the bytes by
    itself, without a copy on the host where the hardware can.  All ranks raise
    when the MPI library does not know GPUs, or one rank has no device.
    """

    def __init__(self, comm: Any, out: Bytes, dest: int, source: int) -> None:
        cupy = ranks.all_or_none(comm, _cupy)
        super().__init__(comm, cupy.asarray(out), dest, source)
        # MPI knows nothing of CuPy's streams: the copies must have ended.
        self.wait = cupy.cuda.get_current_stream().synchronize
        self.wait()

    def clear(self) -> None:
        super().clear()
        self.wait()

    def arrived(self) -> Bytes:
        on_device: Any = self.into
        copied: Bytes = on_device.get()
        return copied


def _cupy() -> Any:
    require_gpu_aware(MPI.Get_library_version())
    return cupy_device()[0]
