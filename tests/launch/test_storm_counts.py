"""What ranks ask of a metadata server: packets counted by each node's mount of MooseFS."""

from collections.abc import Iterator

import pytest
from small_storm import (
    CHUNKS,
    REQUESTS,
    STATIC_FILES,
    STATIC_SIF,
    STATIC_STAGED,
    VENV,
    SmallStorm,
    one_node,
    requests,
    started,
)

from sharedfs.configurations import Configuration

pytestmark = pytest.mark.long

# Low tens, cold; a venv of numpy alone asks for hundreds.
MOST = 40


@pytest.fixture(scope="module")
def storm() -> Iterator[SmallStorm]:
    with started(VENV, STATIC_FILES, STATIC_SIF, STATIC_STAGED) as one:
        yield one


def test_a_further_rank_asks_nothing_with_one_static_image_a_node(storm: SmallStorm) -> None:
    alone = one_node(storm.take(STATIC_SIF, 1, 1))
    three = one_node(storm.take(STATIC_SIF, 1, 3))
    for one, all_three in zip(alone, three, strict=True):
        assert requests(all_three) == requests(one)
        assert abs(all_three.packets - one.packets) <= CHUNKS


def test_a_further_rank_asks_for_the_interpreter_alone_with_static_files(storm: SmallStorm) -> None:
    alone = one_node(storm.take(STATIC_FILES, 1, 1))
    three = one_node(storm.take(STATIC_FILES, 1, 3))
    for one, all_three in zip(alone, three, strict=True):
        # It is opened to be executed; its name is known to the node.
        more = {name: requests(all_three)[name] - requests(one)[name] for name in REQUESTS}
        assert more["open"] == 2
        assert more["lookup.master"] == 0
        assert all_three.packets - one.packets <= 2 + CHUNKS


def test_a_further_rank_asks_all_over_again_with_a_venv(storm: SmallStorm) -> None:
    alone = one_node(storm.take(VENV, 1, 1))
    three = one_node(storm.take(VENV, 1, 3))
    for one, all_three in zip(alone, three, strict=True):
        # Names are kept by the node; each file is opened anew by each rank.
        assert all_three.operations["open"] >= 3 * one.operations["open"] > 200
        assert all_three.packets > one.packets + 2 * 60


@pytest.mark.parametrize("configuration", [STATIC_SIF, STATIC_FILES], ids=lambda one: one.name)
def test_a_further_node_asks_a_few_things(storm: SmallStorm, configuration: Configuration) -> None:
    for sample in storm.take(configuration, 2, 1):
        first, second = sample.asked
        assert requests(second) == requests(first)
        assert 0 < first.packets <= MOST
        assert 0 < second.packets <= MOST


def test_a_staged_copy_is_asked_for_by_the_first_node_alone(storm: SmallStorm) -> None:
    for sample in storm.take(STATIC_STAGED, 2, 2):
        first, second = sample.asked
        assert requests(first)["open"] == 1
        assert not any(requests(second).values())
        assert second.packets == 0
    for mount in storm.storm.mounts:
        assert mount.run("sh", "-c", "ls /tmp | grep '^storm-.*sif' || true") == ""
