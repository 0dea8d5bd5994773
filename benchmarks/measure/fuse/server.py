"""Serve a file system: read the kernel's requests, and answer each."""

from __future__ import annotations

import abc
import contextlib
import ctypes
import errno
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from measure.fuse.protocol import LARGEST, NO_ANSWER, Kind, Request, answer, initial, request

_THREADS = 32
_NOT_MOUNTED_YET = 0.01


class Server(abc.ABC):
    """A file system, served from a thread of this process until it is mounted nowhere.

    Attributes
    ----------
    device
        The descriptor that a mount names.
    thread
        Ends when no process, mount or loop device has anything of it any more.
    """

    def __init__(self) -> None:
        self.device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    @property
    def options(self) -> str:
        """What mounts it: ``mount -i -t fuse -o OPTIONS``."""
        return f"fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other"

    def mount(self, folder: Path) -> None:
        """Mount it for this process's mount namespace.

        Raises
        ------
        OSError
            When the kernel refuses.
        """
        libc = ctypes.CDLL(None, use_errno=True)
        names = (b"hpcpy", bytes(folder), b"fuse", 0, self.options.encode())
        if libc.mount(*names):
            raise OSError(ctypes.get_errno(), f"no FUSE mount at {folder}")

    @abc.abstractmethod
    def respond(self, asked: Request) -> bytes:
        """Return what answers a request; reads come from several threads.

        Raises
        ------
        OSError
            Its number is the answer.
        """

    def _serve(self) -> None:
        with ThreadPoolExecutor(_THREADS) as pool:
            while message := self._next():
                asked = request(message)
                if asked.kind == Kind.READ:
                    pool.submit(self._answer, asked)
                elif asked.kind not in NO_ANSWER:
                    self._answer(asked)
        os.close(self.device)

    def _next(self) -> bytes:
        """Return the next request, or an empty one when it is unmounted."""
        while True:
            try:
                return os.read(self.device, LARGEST + 4096)
            except OSError as error:
                if error.errno in (errno.ENODEV, errno.ECONNABORTED):
                    return b""
                if error.errno == errno.EPERM:
                    time.sleep(_NOT_MOUNTED_YET)
                # A request was taken back before it was read.
                elif error.errno not in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                    raise

    def _answer(self, asked: Request) -> None:
        try:
            data = initial(_THREADS) if asked.kind == Kind.INIT else self.respond(asked)
            said = answer(asked.number, 0, data)
        except OSError as error:
            said = answer(asked.number, error.errno or errno.EIO, b"")
        # Who was killed meanwhile waits for no answer.
        with contextlib.suppress(FileNotFoundError, ConnectionAbortedError):
            os.write(self.device, said)
