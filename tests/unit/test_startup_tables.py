"""What counts in a start: one definition with hpcpy bench, one number a call."""

import pytest

from hpcpy.measure import cases, counts, places
from workloads.startup.cases import CASES
from workloads.startup.places import is_node_local
from workloads.startup.syscalls import KINDS, MACHINES, PATH_KINDS, rules


class TestSharedWithTheBench:
    """The image has no hpcpy: what both define must not drift apart."""

    def test_cases_run_the_same(self):
        theirs = {case.name.replace(" ", ""): case for case in cases.CASES}
        for name, case in CASES.items():
            assert [*case.arguments] == ["-c", theirs[name].source()]

    def test_kinds_are_the_same(self):
        assert PATH_KINDS == counts.KINDS
        for machine in MACHINES:
            for rule in rules(machine).values():
                if rule.kind in PATH_KINDS:
                    assert rule.kind == counts._KIND.get(rule.name, "other"), rule.name
        known = {rule.name for machine in MACHINES for rule in rules(machine).values()}
        elsewhere = {"stat64", "lstat64", "fstatat64"}  # 32 bits
        assert {*counts._KIND} - elsewhere <= known
        assert {*counts._READS, *counts._LISTINGS} <= known

    @pytest.mark.parametrize(
        "path",
        [
            *("/etc", "/etc/hosts", "/etcetera", "/proc/self/maps", "/sys", "/dev/shm/x"),  # noqa: S108
            *("/lib/libc.so.6", "/lib64/x", "/library", "/usr/lib/locale/C.utf8", "/usr/lib64/x"),
            *("/usr/lib/python3.14/os.py", "/usr/lib/python3/dist-packages/numpy", "/usr/lib/x.py"),
            *("/", "/opt/hpcpy", "/usr", "/usr/lib/../share", "/home/me/lib", "/tmp/x"),  # noqa: S108
        ],
    )
    def test_places_are_the_same(self, path):
        assert is_node_local(path) == places.is_node_local(path)


class TestNumbers:
    @pytest.mark.parametrize("machine", MACHINES)
    def test_each_number_is_one_call(self, machine):
        found = rules(machine)
        names = [rule.name for rule in found.values()]
        assert len({*names}) == len(names)
        assert {rule.kind for rule in found.values()} == {*KINDS}

    def test_calls_newer_than_both_machines_have_one_number(self):
        # From 424 on the kernel numbers all machines alike.
        x86, arm = rules("x86_64"), rules("aarch64")
        newer = {number: rule for number, rule in x86.items() if number >= 424}
        assert newer == {number: rule for number, rule in arm.items() if number >= 424}
        assert len(newer) == 3

    def test_what_one_machine_lacks_it_has_under_another_name(self):
        missing = {r.name for r in rules("x86_64").values()} - {
            r.name for r in rules("aarch64").values()
        }
        assert {"open", "stat", "access", "readlink"} <= missing
        assert not {"openat", "newfstatat", "faccessat", "readlinkat"} & missing
