"""What a cluster is called and what it reads: text from names, nothing started."""

import ipaddress
import os
import subprocess
from pathlib import Path

import pytest

from hpcpy.cluster.layout import CONTROLLER, NODES, Layout, environment, variables
from hpcpy.cluster.machines import free_network
from hpcpy.core.errors import UnavailableError

DEEP = Layout(Path("/scratch") / "/".join(["a-folder-with-a-name"] * 9) / "build/cluster")


def test_names_fit_whatever_folder_it_lies_in() -> None:
    # The kernel's limits for sockets and devices; slurmstepd's socket is
    # below the spool folder: n1_<job>.<step>.
    assert len(str(DEEP.socket)) < 108
    assert len(f"{DEEP.run}/n1/spool/n1_4294967295.4294967295") < 108
    for name in (CONTROLLER, *NODES):
        assert len(DEEP.cable(name)) <= 15


def test_a_program_gets_the_same_variables_as_a_shell(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "it's a folder")
    script = f"{environment(layout)}env -0"
    around = {"PATH": os.environ["PATH"], "OTHER": "x"}
    done = subprocess.run(["sh", "-c", script], env=around, capture_output=True, check=True)
    shells = dict(os.fsdecode(one).split("=", 1) for one in done.stdout.split(b"\0") if one)
    made = variables(layout, around)
    assert made == {name: shells[name] for name in made}


def test_a_network_that_is_routed_is_passed_over() -> None:
    first = free_network([], "00000000")
    assert first == ipaddress.IPv4Network("198.18.0.0/24")
    assert free_network([first], "00000000") == ipaddress.IPv4Network("198.18.1.0/24")
    wide = ipaddress.IPv4Network("198.18.0.0/16")
    assert free_network([wide], "00000000") == ipaddress.IPv4Network("198.19.0.0/24")
    assert free_network([], "ffffffff") == ipaddress.IPv4Network("198.19.255.0/24")


def test_a_machine_without_a_free_network_is_told() -> None:
    with pytest.raises(UnavailableError, match=r"198\.18"):
        free_network([ipaddress.IPv4Network("198.18.0.0/15")], "00000000")
