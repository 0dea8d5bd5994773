"""What the NAME=value settings of ``--help`` mean, in a few words each."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping

LAUNCH = {
    "W": "a workload: the words after python -m workloads",
    "PROGRAM": "your script or -m MODULE, with its arguments",
    "NODES": "nodes (1)",
    "TASKS": "ranks on all nodes together (one a node)",
    "CPUS": "processors of each rank (1)",
    "GPUS": "GPUs of each rank (none)",
    "DASK": "1: the ranks form a Dask cluster, the program runs once",
    "SPARK": "1: the same with Spark",
    "DRY": "1: print the script, with reasons",
    "STAGE": "1: copy the SIF to each node's own disk first",
    "ENGINE": "apptainer, podman-hpc, shifter, podman or none (the site's)",
    "SITE": "a name of env/sites, or a TOML file (local)",
    "IMAGE": "a SIF or a reference (the site's, else hpcpy.sif)",
    "MPI": "the kind for srun --mpi (the site's)",
    "TIME": "the job's limit: 30 (minutes), 01:30:00 (the site's)",
    "PARTITION": "the job's partition (the site's)",
    "QOS": "the job's quality of service (the site's)",
    "ACCOUNT": "whom the job is charged to (the site's)",
    "MEM": "memory: 8G of each node, 2G/cpu of each processor",
    "SCRIPT": "where batch writes; - is standard output (build/)",
}


def add_settings(parser: argparse.ArgumentParser, meanings: Mapping[str, str], page: str) -> None:
    """Add NAME=value words as arguments.

    Parameters
    ----------
    parser
        The command's.
    meanings
        The settings' names, each with its meaning.
    page
        The page of ``docs`` that explains them.
    """
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = f"settings, defaults in brackets (docs/{page}):\n{table(meanings)}"
    parser.add_argument("settings", nargs="*", metavar="NAME=value", help="a setting of the list")


def table(meanings: Mapping[str, str], without: Iterable[str] = ()) -> str:
    """Return a line for each setting; its default is in brackets.

    Examples
    --------
    >>> print(table({"W": "a workload", "NODES": "nodes (1)"}))
      W          a workload
      NODES      nodes (1)
    """
    left_out = set(without)
    lines = (f"  {name:10} {said}" for name, said in meanings.items() if name not in left_out)
    return "\n".join(lines)
