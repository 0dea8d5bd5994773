"""MooseFS's two servers: what they read, and how they are started."""

from __future__ import annotations

from pathlib import Path

# Foreground, or the node's first process would not see its end; and no core files.
_FLAGS = ("-f", "-n", "-c")


def files(folder: Path, address: str) -> dict[Path, str]:
    """Return the text of each file that the servers read, and their first metadata.

    Parameters
    ----------
    folder
        All of theirs lies below it.
    address
        The servers' own; MooseFS takes no address of the loopback device.
    """
    return {
        folder / "master.cfg": _settings(
            *_common(folder / "metadata"),
            ("EXPORTS_FILENAME", folder / "exports.cfg"),
            ("TOPOLOGY_FILENAME", folder / "topology.cfg"),
            *((f"{kind}_LISTEN_HOST", address) for kind in ("MATOML", "MATOCS", "MATOCL")),
        ),
        folder / "exports.cfg": "* / rw,alldirs,maproot=0\n",
        folder / "topology.cfg": "",
        folder / "chunkserver.cfg": _settings(
            *_common(folder / "chunkserver"),
            ("HDD_CONF_FILENAME", folder / "disks.cfg"),
            ("MASTER_HOST", address),
            ("MASTER_RECONNECTION_DELAY", 1),
            ("CSSERV_LISTEN_HOST", address),
            # It would read what nobody asked for while others are measured.
            ("HDD_TEST_SPEED", 0),
        ),
        # With "~" a disk that others fill, too, is not taken for a damaged one.
        folder / "disks.cfg": f"~{folder / 'chunks'}\n",
        folder / "metadata/metadata.mfs": "MFSM NEW",
    }


def folders(folder: Path) -> list[Path]:
    """Return the folders that the servers do not make themselves."""
    return [folder / name for name in ("metadata", "chunkserver", "chunks")]


def daemons(folder: Path, master: Path, chunkserver: Path) -> tuple[tuple[str, ...], ...]:
    """Return the commands of both servers.

    Parameters
    ----------
    folder
        As for `files`.
    master, chunkserver
        The programs.
    """
    return (
        (str(master), *_FLAGS, str(folder / "master.cfg")),
        (str(chunkserver), *_FLAGS, str(folder / "chunkserver.cfg")),
    )


def _common(data: Path) -> tuple[tuple[str, object], ...]:
    return (
        ("DATA_PATH", data),
        ("WORKING_USER", "root"),
        ("WORKING_GROUP", "root"),
        # Its own default is -19: it would take the cores from the ranks.
        ("NICE_LEVEL", 0),
        ("DISABLE_OOM_KILLER", 0),
    )


def _settings(*pairs: tuple[str, object]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in pairs)
