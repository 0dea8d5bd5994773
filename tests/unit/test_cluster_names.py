"""What a cluster is called and what it reads: text from names, nothing started."""

from __future__ import annotations

import ipaddress
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from hpcpy.cluster import config
from hpcpy.cluster.layout import CONTROLLER, CPUS, NODES, Layout, addresses, default_layout
from hpcpy.cluster.network import free_network, routed
from hpcpy.errors import UnavailableError

NETWORK = ipaddress.IPv4Network("198.18.7.0/24")
DEEP = Layout(Path("/scratch") / "/".join(["a-folder-with-a-name"] * 9) / "build/cluster")


def test_names_fit_whatever_folder_it_lies_in() -> None:
    # The kernel's limits for sockets and devices; slurmstepd's socket is
    # below the spool folder: n1_<job>.<step>.
    assert len(str(DEEP.socket)) < 108
    assert len(f"{DEEP.run}/n1/spool/n1_4294967295.4294967295") < 108
    for name in (CONTROLLER, *NODES):
        assert len(DEEP.cable(name)) <= 15


def test_two_clusters_share_no_name() -> None:
    one, other = default_layout(), DEEP
    assert not {one.run, one.bridge, one.socket} & {other.run, other.bridge, other.socket}


def test_every_machine_has_an_address_of_its_own() -> None:
    layout = Layout(DEEP.folder, nodes=("n1", "n2", "n3"), servers=("files",))
    at = addresses(layout, NETWORK)
    assert set(at) == {"login", CONTROLLER, *layout.nodes, "files"}
    assert len(set(at.values())) == len(at)
    assert all(ipaddress.IPv4Address(address) in NETWORK for address in at.values())


def settings(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if not line.startswith(("NodeName", "Partition"))]
    return dict(line.split("=", 1) for line in lines)


def test_slurm_is_configured_for_this_folder_alone() -> None:
    text = config.slurm_conf(DEEP, NETWORK, 2048)
    found = settings(text)
    assert found["SlurmctldHost"] == f"{CONTROLLER}({addresses(DEEP, NETWORK)[CONTROLLER]})"
    assert found["AuthInfo"] == f"socket={DEEP.socket}"
    for name in ("StateSaveLocation", "SlurmctldPidFile", "SlurmdSpoolDir", "SlurmdPidFile"):
        assert found[name].startswith(f"{DEEP.run}/")
    # Nothing of Debian's own places, which the package's services would use.
    assert "/var/" not in text
    assert "/etc/" not in text


def test_nodes_have_room_for_seven_ranks_and_one() -> None:
    text = config.slurm_conf(DEEP, NETWORK, 2048)
    rows = [line.split() for line in text.splitlines() if line.startswith("NodeName")]
    assert [row[0] for row in rows] == [f"NodeName={name}" for name in NODES]
    for row in rows:
        assert f"CoresPerSocket={CPUS}" in row
        assert CPUS >= 8
        assert "RealMemory=2048" in row


def test_nodes_know_each_other_by_name() -> None:
    text = config.files(DEEP, NETWORK)["hosts"]
    for name, address in addresses(DEEP, NETWORK).items():
        assert f"{address} {name}\n" in text


def test_wrapper_starts_slurms_command_with_its_configuration(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "it's a folder")
    program = tmp_path / "srun"
    program.write_text('#!/bin/sh\necho "$SLURM_CONF" "$#" "$2"\n')
    program.chmod(0o755)
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(config.wrapper(layout, str(program)))
    wrapper.chmod(0o755)
    done = subprocess.run([wrapper, "-N", "2 or 3"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{layout.conf} 2 2 or 3\n"


def test_environment_gives_a_shell_the_commands(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "it's a folder")
    script = f'{config.environment(layout)}echo "$SLURM_CONF"; echo "$PATH"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        str(layout.conf),
        os.pathsep.join([str(layout.bin), os.environ["PATH"]]),
    ]


@pytest.mark.parametrize("layout", [DEEP, Layout(Path("/it's/$HOME;x/cluster"))])
def test_greeting_names_what_a_user_types(layout: Layout) -> None:
    said = config.greeting(layout, "slurm-wlm 22.05.8")
    _, srun, taken_in, stop = said.splitlines()
    # As a shell reads them: a word that it would expand is in single quotes.
    for line, words in (
        (srun, [f"{layout.bin}/srun", "-N", "2", "hostname"]),
        (taken_in, [".", f"{layout.folder}/env"]),
    ):
        assert line.split("    #")[0].strip() == shlex.join(words)
    assert stop.strip() == "make cluster-stop"


def test_a_program_gets_the_same_variables_as_a_shell(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "it's a folder")
    script = f"{config.environment(layout)}env -0"
    around = {"PATH": os.environ["PATH"], "OTHER": "x"}
    done = subprocess.run(["sh", "-c", script], env=around, capture_output=True, check=True)
    shells = dict(os.fsdecode(one).split("=", 1) for one in done.stdout.split(b"\0") if one)
    made = config.variables(layout, around)
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


def test_routes_are_read_and_the_default_one_is_none() -> None:
    listed = '[{"dst": "default"}, {"dst": "10.1.0.0/16"}, {"dst": "10.2.0.1", "type": "local"}]'
    assert [str(network) for network in routed(listed)] == ["10.1.0.0/16", "10.2.0.1/32"]
    assert list(routed("")) == []
