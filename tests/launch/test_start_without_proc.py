"""Python starts where nobody has mounted /proc, under any name."""

import json
from pathlib import Path

from local_cluster import image

from running import run

PREFIX = "/opt/hpcpy"
WHERE = "import sys, json; print(json.dumps([sys.executable, sys.prefix, sys.base_prefix]))"
# Run in the container, where it starts itself in several ways.
PROGRAM = f"""
import json, os, subprocess, sys, venv
assert os.listdir("/proc") == [], "/proc is mounted"
folder = sys.argv[1] + "/environment"
venv.create(folder)
own, linked = "{PREFIX}/bin/python3", folder + "/bin/python"
script = sys.argv[1] + "/script"
with open(script, "w") as file:
    file.write("#!" + linked + "\\n" + {WHERE!r})
os.chmod(script, 0o755)
def called(name, file):
    command = ["bash", "-c", 'exec -a "$0" "$@"', name, file, "-c", {WHERE!r}]
    return subprocess.check_output(command)
names = ["anything", "", "/nowhere/python3"]
said = [[called(name, file) for name in [file, *names]] for file in (own, linked)]
said.append([subprocess.check_output([script])])
print(json.dumps([[json.loads(one) for one in each] for each in said]))
import ctypes, matplotlib
print(ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x + 1)(41))
"""


def test_a_start_without_proc_knows_its_places(tmp_path: Path) -> None:
    *start, sif = image()
    options = ["--cleanenv", "--no-mount", "proc", "--bind", str(tmp_path)]
    # Apptainer itself warns of it on stderr.
    done = run(*start, *options, sif, "python3", "-c", PROGRAM, str(tmp_path))
    assert done.returncode == 0, done.stderr
    places, callback = done.stdout.splitlines()
    own = [f"{PREFIX}/bin/python3", PREFIX, PREFIX]
    folder = f"{tmp_path}/environment"
    linked = [f"{folder}/bin/python", folder, PREFIX]
    assert json.loads(places) == [[own] * 4, [linked] * 4, [linked]]
    assert callback == "42"
