"""Which MPI library a process has, and whose ABI it has."""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path
from typing import Any, TypedDict

from workloads.doctor import process

_FAMILIES = {"mpich": "MPICH's", "openmpi": "Open MPI's", "abi": "the MPI 5 standard's"}


class Library(TypedDict):
    """An MPI library: where it lies, what it calls itself, its ABI."""

    path: str
    version: str
    standard: str
    family: str


def describe(mpi: Any) -> Library:
    """Return what there is to know of the library that `mpi4py.MPI` has loaded."""
    named = os.environ.get("HPCPY_MPI") or os.environ.get("HPCPY_LIBMPI", "")
    path = process.mpi_library(process.mapped_files(), named)
    text = mpi.Get_library_version()
    return {
        "path": path,
        "version": first_words(text),
        "standard": ".".join(map(str, mpi.Get_version())),
        "family": family(path, text),
    }


def family(path: str, text: str) -> str:
    """Return whose ABI a library has: ``openmpi``, ``abi``, or for all others ``mpich``."""
    if Path(path).name.startswith("libmpi_abi"):
        return "abi"
    if text.startswith("Open MPI") or _has(path, "ompi_mpi_comm_world"):
        return "openmpi"
    return "mpich"


def _has(path: str, symbol: str) -> bool:
    if not path:
        return False
    try:
        # This fails where it is not loaded already: nothing new is loaded.
        library = ctypes.CDLL(path, mode=os.RTLD_NOLOAD | os.RTLD_LAZY)
    except OSError:
        return False
    return hasattr(library, symbol)


def first_words(text: str) -> str:
    """Return a library's version in a few words."""
    lines = [re.sub(r"\s+", " ", line).strip(" \0") for line in text.splitlines()]
    words = [line for line in lines if re.search(r"version|device", line, re.IGNORECASE)]
    return ", ".join(words[:2]) or (lines[0] if lines else "")


def whose(family_name: str) -> str:
    """Return a family's name for people, as a possessive: ``MPICH's``."""
    return _FAMILIES.get(family_name, family_name)
