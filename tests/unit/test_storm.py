"""What a storm reads and tells: counters, ranks' lines, tables; nothing started."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
import shlex
import statistics
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from hpcpy.cluster import life
from hpcpy.cluster.layout import Layout
from hpcpy.commands import run
from hpcpy.engine.podman_hpc import Installed
from hpcpy.errors import UnavailableError, UsageError
from hpcpy.stages import Stage
from hpcpy.storm import machines, measure, moosefs, network, programs, record, report
from hpcpy.storm.added import PACKAGES
from hpcpy.storm.configurations import CONFIGURATIONS, Around, Configuration, Images
from hpcpy.storm.launch import Job, Launch, RanksError
from hpcpy.storm.measure import Plan
from hpcpy.storm.mounts import Mount
from hpcpy.storm.programs import PROGRAMS, Rank, told
from hpcpy.storm.pynamic import wheel
from hpcpy.storm.pynamic.generate import DRIVER, Size, generate
from hpcpy.storm.samples import TEMPERATURES, Case, Sample
from hpcpy.storm.stats import Asked, between, keep_alives, parse

# As mfsmount 3.0.117 writes it.
STATS = """\
fuse_ops.lookup.cached: 3
fuse_ops.lookup.master: 17
fuse_ops.open: 6
fuse_ops.read: 40
master.bytes_received: 1200
master.bytes_sent: 700
master.packets_received: 25
master.packets_sent: 24
master.reconnects: 0
"""
LINE = (
    'storm {"rank": 1, "node": "n1", "begin": 5.0, "imported": 5.25, "done": 5.5, '
    '"cpu": 0.25, "resident": 1024, "private": 512}'
)


def counters(packets: int, sent: int, **operations: int) -> dict[str, int]:
    named = {f"fuse_ops.{name}": value for name, value in operations.items()}
    return {
        "master.packets_sent": packets,
        "master.bytes_sent": sent,
        "master.bytes_received": 2 * sent,
        **named,
    }


def test_every_counter_is_read_and_nothing_else() -> None:
    found = parse(STATS)
    assert len(found) == 9
    assert found["fuse_ops.lookup.master"] == 17
    assert found["master.packets_sent"] == 24
    assert parse("") == {}
    assert parse("no colon\nmaster.reconnects: none\n: 5\n") == {}


def test_what_was_asked_is_the_difference_without_our_own_looks() -> None:
    before = counters(10, 300, open=5, read=4, lookup=2)
    after = counters(15, 424, open=9, read=20, lookup=2, getattr=7)
    asked = between(before, after, silent=1, looks=3)
    assert (asked.packets, asked.keep_alives) == (4, 1)
    assert (asked.bytes_sent, asked.bytes_received) == (124, 248)
    # Three looks: an open, a getattr and two reads each.
    assert asked.operations == {"open": 1, "read": 10, "getattr": 4}


@pytest.mark.parametrize(
    ("packets", "sent", "silent"),
    [(0, 0, 0), (1, 12, 1), (2, 24, 2), (1, 20, 0), (3, 60, 0), (2, 36, 0)],
)
def test_keep_alives_are_told_from_requests_by_their_length(
    packets: int, sent: int, silent: int
) -> None:
    assert keep_alives(counters(7, 100), counters(7 + packets, 100 + sent)) == silent


def test_ranks_are_told_in_order_among_other_lines() -> None:
    lines = ["a warning", LINE, LINE.replace('"rank": 1', '"rank": 0'), "storms are no mark"]
    ranks = told(lines)
    assert [rank.rank for rank in ranks] == [0, 1]
    assert ranks[1] == Rank(1, "n1", 5.0, 5.25, 5.5, 0.25, 1024, 512)


@pytest.mark.parametrize("configuration", CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_python_and_import_nothing_from_files_before_they_begin(
    name: str, configuration: Configuration
) -> None:
    text = programs.source(name, configuration.imports)
    compile(text, name, "exec")
    assert text.partition("begin =")[0].strip() == "import os, time"


@pytest.mark.parametrize("configuration", CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
def test_configurations_put_their_files_into_the_folder_that_nodes_mount(
    configuration: Configuration, tmp_path: Path
) -> None:
    images = images_below(tmp_path)
    for files in configuration.files(images):
        assert Path(files.target).is_relative_to(configuration.folder)
        assert files.source.is_relative_to(tmp_path) or files.source.is_file()
    assert configuration.command(images, tmp_path, ["-c", "pass"])[-2:] == ["-c", "pass"]


def test_what_comes_around_the_ranks_is_a_script_of_the_job(tmp_path: Path) -> None:
    one = Layout(tmp_path, ("n1", "n2"))
    alone = Job(2, 4, ["python3", "-c", "a 'b'"])
    assert alone.words(one)[0] == str(one.bin / "srun")
    assert alone.words(one)[-3:] == ["python3", "-c", "a 'b'"]
    around = Around(("copy || exit 73",), ("remove",))
    first, *rest, script = dataclasses.replace(alone, around=around, entering=["enter"]).words(one)
    assert first == "enter"
    assert rest[-2:] == ["bash", "-c"]
    lines = script.splitlines()
    assert [lines[0], *lines[2:]] == ["copy || exit 73", "code=$?", "remove", "exit $code"]
    assert shlex.split(lines[1])[-3:] == ["python3", "-c", "a 'b'"]


def test_a_copy_lies_where_the_job_says(tmp_path: Path) -> None:
    images = images_below(tmp_path)
    staged = CONFIGURATIONS["static-sif-staged"]
    command = staged.command(images, tmp_path, ["-c", "pass"])
    assert staged.around
    before = staged.around(images, tmp_path, 2).before
    (copying,) = [line for line in before if line.startswith("sbcast")]
    # bash reads the job's number there, and in the rank's words.
    assert '"/tmp/hpcpy-$SLURM_JOB_ID.sif"' in copying
    words = Job(2, 1, command, staged.around(images, tmp_path, 2)).words(Layout(tmp_path))
    assert ' "/tmp/hpcpy-$SLURM_JOB_ID.sif" ' in words[-1]


def test_a_tree_is_mounted_by_each_rank_where_nobody_is_root(tmp_path: Path) -> None:
    ours = images_below(tmp_path)
    images = dataclasses.replace(ours, has_mounts=False)
    for name, one in CONFIGURATIONS.items():
        words = one.command(images, tmp_path / "tree", ["-c", "pass"])
        assert (words[0] == "unshare") == one.needs_root, name
        if one.is_tree:
            assert words[words.index(str(tmp_path / "tree")) - 1] == str(images.root[one.image])
        as_root = one.command(ours, tmp_path / "tree", ["-c", "pass"])
        assert (as_root[0] == "chroot") == (one.needs_root or one.needs_squash), name


def test_what_nobody_counted_is_in_no_table() -> None:
    ranks = sample(Case("venv", "core", 1, 2), "cold", 1).launch
    samples = [
        Sample(Case("venv", "core", 1, 2), temperature, ranks, ()) for temperature in TEMPERATURES
    ]
    assert "packets" not in report.table(samples)
    assert report.table(samples).count("s to the last rank") == 2
    assert samples[0].as_dict()["asked"] == []


def test_a_device_is_read_among_others() -> None:
    text = "Inter-| Receive\n    lo: 5 1 0 0 0 0 0 0 5 1\n  eth0: 700 9 0 0 0 0 0 0 300 4\n"
    found = network.parse(text)
    assert found == network.Carried(700, 300)
    assert found.since(network.Carried(100, 50)) == network.Carried(600, 250)


def images_below(folder: Path) -> Images:
    names = ("hpcpy", "wheels")
    return Images(
        {name: folder / f"{name}.sif" for name in names},
        {name: folder / name for name in names},
        folder / "apptainer",
        {name: folder / f"{name}.squash" for name in names},
        podman_hpc=Installed(folder / "podman-hpc", folder / "venv"),
    )


def test_pynamic_is_the_same_for_the_same_seed_and_calls_what_it_says() -> None:
    size = Size(modules=3, functions=40, libraries=2, library_functions=5)
    first = generate(size)
    assert generate(size) == first != generate(dataclasses.replace(size, seed=43))
    assert (len(first.modules), len(first.libraries)) == (3, 2)
    calls = 0
    for name, text in first.modules.items():
        heads = re.findall(rf"(?m)^long {name}_f\d+\(long a, double b\) {{", text)
        called = re.findall(r"(?m)return .*(pynamic_library\d+)_f\d+\(a, b\)", text)
        assert 20 <= len(heads) <= 60
        assert sorted(set(called)) == first.needs[name]
        calls += len(heads) + len(called)
    assert calls == first.calls
    assert f"calls != {calls}:" in first.driver
    compile(first.driver, DRIVER, "exec")


def test_the_default_is_of_nerscs_size() -> None:
    sources = generate(Size())
    assert (len(sources.modules), len(sources.libraries)) == (100, 20)
    functions = [text.count("\nlong pynamic_module") / 2 for text in sources.modules.values()]
    assert 90 < statistics.mean(functions) < 110


def test_pynamic_has_no_place_beside_an_image(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["storm", "--programs=pynamic", "--configurations=venv,static-sif"]
    with pytest.raises(UsageError, match="files beside a tree of files") as caught:
        run(words)
    assert caught.value.exit_code == 2
    assert "venv,venv-broadcast,conda,conda-not-compiled,static-files" in str(caught.value)
    assert capsys.readouterr().out == ""


def test_pynamic_as_a_wheel_has_all_its_files(tmp_path: Path) -> None:
    modules = tmp_path / "0a1b2c3d"
    modules.mkdir()
    for name in (f"{DRIVER}.py", "pynamic_module0.so", "libpynamic_library0.so"):
        (modules / name).write_text(name)
    assert wheel.write(modules, tmp_path) == "pynamic"
    (path,) = tmp_path.glob("pynamic-1+0a1b2c3d-py3-none-linux_*.whl")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        home = "pynamic-1+0a1b2c3d.dist-info"
        record = archive.read(f"{home}/RECORD").decode()
    assert {path.name for path in modules.iterdir()} < {*names}
    assert [line.split(",")[0] for line in record.splitlines()] == names


def test_podman_hpcs_image_has_no_packages_of_a_program() -> None:
    words = ["storm", "--programs=libraries", "--configurations=venv,static-podman-hpc-shared"]
    with pytest.raises(UsageError, match="not what the program libraries imports") as caught:
        run(words)
    assert caught.value.exit_code == 2
    assert "podman" not in caught.value.hint


@pytest.mark.parametrize("names", [("core",), ("libraries",), ("start", "pynamic-in-image")])
def test_packages_are_added_for_programs_that_are_named_alone(names: Sequence[str]) -> None:
    plan = Plan(["venv"], names, [1], [1], 1)
    assert plan.adding == [name for name in PACKAGES if name in names]


def test_a_tree_has_all_packages_where_a_program_may_need_them(tmp_path: Path) -> None:
    images = images_below(tmp_path)
    some, whole = (
        files.without
        for one in (images, dataclasses.replace(images, is_whole=True))
        for files in CONFIGURATIONS["static-files"].files(one)
    )
    assert any("matplotlib" in pattern for pattern in some)
    assert whole == ()


def test_servers_keep_to_their_folder(tmp_path: Path) -> None:
    texts = moosefs.files(tmp_path, "198.18.1.3")
    assert all(path.is_relative_to(tmp_path) for path in texts)
    for text in texts.values():
        # "/" is the root of the file system that they serve.
        paths = [word for word in text.split() if word.startswith("/") and word != "/"]
        assert all(Path(path).is_relative_to(tmp_path) for path in paths)
    assert "MASTER_HOST = 198.18.1.3\n" in texts[tmp_path / "chunkserver.cfg"]


def sample(case: Case, temperature: str, packets: int) -> Sample:
    ranks = [
        Rank(number, "n1", 1.0, 1.5 + number / 100, 1.8, 0.25, 10_000_000, 2_000_000)
        for number in range(case.nodes * case.ranks)
    ]
    asked = Asked(packets // case.nodes, 1000, 500, 0, {})
    return Sample(
        case, temperature, Launch(0.5, 1.8, ranks), [asked] * case.nodes, packets * 1_000_000
    )


def tables(*names: str) -> list[list[str]]:
    """Return the cells of each table's last row, the tables of two configurations and more."""
    plan = Plan(names, ["core"], [1, 2], [1, 4], 1)
    cost = {(1, 1): 100, (1, 4): 130, (2, 1): 180, (2, 4): 240}
    samples = [
        # Each asks more than the one before it.
        sample(case, temperature, cost[case.nodes, case.ranks] * (1 + names.index(name)))
        for case in plan.cases()
        for temperature in TEMPERATURES
        for name in [case.configuration]
    ]
    parts = report.table(samples).split("\n\n")
    assert [part.split("|")[1].strip() for part in parts] == [
        title for name in TEMPERATURES for title in [f"**core, {name}**"] * 2
    ]
    rows = [part.splitlines()[2:] for part in parts[:2]]
    return [[cell.strip() for cell in row.split("|")[1:-1]] for part in rows for row in part]


def test_the_table_tells_what_a_further_rank_and_a_further_node_ask() -> None:
    asked, taken = tables("static-sif")
    assert asked == ["static-sif", "100", "10.0", "80.0", "2", "100", "10.0", "80"]
    assert taken[:6] == ["static-sif", "1.30", "1.30", "0.53", "0.57", "0.57"]
    assert taken[6:] == ["0.27", "0.250", "10", "2"]


def test_the_best_of_a_column_is_bold_where_it_is_not_ours() -> None:
    venv, ours, *_ = tables("venv", "static-sif")
    # Both have the same KB.
    assert venv == ["venv", "**100**", "**10.0**", "**80.0**", "2", "**100**", "**10.0**", "**80**"]
    assert not any("**" in cell for cell in ours)
    assert not any("**" in cell for row in tables("static-sif", "venv")[:2] for cell in row)


def test_what_was_measured_before_a_failure_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plan = Plan(["venv", "conda"], ["core"], [1], [1], 1)
    storm = machines.Storm(Layout(tmp_path), (), Mount(*[None] * 5))  # type: ignore[arg-type]

    def take(_: object, __: object, ___: object, case: Case) -> list[Sample]:
        if case.configuration == "conda":
            raise RanksError("1 of 2 ranks told what they took", "why")
        return [sample(case, "cold", 7)]

    monkeypatch.setattr(measure, "take", take)
    current = Stage("cases", tmp_path / "log")
    kept = tmp_path / "storm.unfinished.json"
    keep = functools.partial(record.write, kept, {"client": "shipped"})
    with pytest.raises(RanksError, match="1 of 2 ranks"):
        measure.measure(storm, images_below(tmp_path), plan, current, keep)
    told = json.loads(kept.read_text())
    assert [one["configuration"] for one in told["samples"]] == ["venv"]
    assert told["samples"][0]["import"] == {"median": 0.5, "p95": 0.5, "max": 0.5}
    assert told["samples"][0]["served"] == 7_000_000


@pytest.mark.parametrize(("ranks", "p95"), [(1, 0.5), (19, 0.68), (20, 0.68), (40, 0.87)])
def test_the_95th_percentile_is_a_rank_s_own_time(ranks: int, p95: float) -> None:
    one = sample(Case("venv", "core", 1, ranks), "cold", 1)
    assert one.slowest(0.95) == pytest.approx(p95)
    assert one.slowest(1) == max(one.imports)


def test_ordinary_user_is_told_what_an_administrator_would_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UnavailableError, match=r"only root may.*sudo make storm") as caught:
        run(["storm"])
    assert caught.value.exit_code == 69
    assert "\n" not in str(caught.value)


def test_a_kernel_without_fuse_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(life, "require_root", lambda _: None)
    monkeypatch.setattr(machines, "_FUSE", tmp_path / "fuse")
    with pytest.raises(UnavailableError, match="modprobe fuse") as caught:
        machines.require()
    assert caught.value.exit_code == 69
    assert "\n" not in str(caught.value)
