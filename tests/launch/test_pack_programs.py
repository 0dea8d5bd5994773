"""Programs answer in a packed environment as in the folder that it was."""

from pathlib import Path

from packing import conda_like, packed, require

from running import Done, run

ENV = {"PATH": "/usr/bin:/bin", "HPCPY_PACK_HOLD": "5", "HOME": "/", "LC_ALL": "C.UTF-8"}
# A name, and what Python is given; all print what they see.
PROGRAMS = {
    "places": "import sys, sysconfig; print(sys.path, sys.executable, sysconfig.get_paths())",
    "libraries": "import sysconfig; print(sorted(sysconfig.get_config_vars().items(), key=str))",
    "origins": "import json, re, sqlite3; print(json.__file__, re.__spec__.origin, sqlite3)",
    "types of files": """
import os, sys
for folder, _, files in sorted(os.walk(sys.prefix)):
    if folder != sys.prefix and not folder.endswith("__pycache__"):
        for name in sorted(files):
            status = os.lstat(os.path.join(folder, name))
            print(folder, name, oct(status.st_mode), status.st_size, status.st_nlink)
""",
    "links": "import os, sys; print(os.path.realpath(sys.executable), os.readlink(sys.executable))",
    "mapped": """
import mmap, os
with open(os.__file__, "rb") as file:
    print(hash(bytes(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))) != 0, file.seek(0, 2))
""",
    "sent": "import os, shutil; shutil.copyfileobj(open(os.__file__), open('/dev/stdout', 'w'))",
    "children": """
import subprocess, sys
print(subprocess.run([sys.executable, "-c", "import sys; print(sys.prefix)"], text=True,
                     capture_output=True), subprocess.getoutput("pwd; command -v python; echo $0"))
""",
    "forked": """
import os
if child := os.fork():
    print(os.waitpid(child, 0)[1])
""",
    "a pool": """
import multiprocessing
if __name__ == "__main__":
    multiprocessing.set_start_method("forkserver")
    print(multiprocessing.Pool(2).map(abs, range(-3, 3)))
""",
    "threads": """
from concurrent.futures import ThreadPoolExecutor
print(*ThreadPoolExecutor(9).map(str, range(9)))
""",
    "a traceback": "import json; json.loads('{')",
    "an exit code": "raise SystemExit(3)",
    "a signal": "import os; os.kill(os.getpid(), 9)",
    "modules": "import pkgutil; print(sorted(each.name for each in pkgutil.iter_modules()))",
    "source": "import inspect, textwrap; print(inspect.getsource(textwrap))",
    "standard input": "import sys; print(sys.stdin.read(), sys.argv, sys.flags)",
    "no place to write": "import sys; open(f'{sys.prefix}/new', 'w')",
    "a library": "import ctypes; print(ctypes.CDLL(None).getpid() > 0)",
    "limits": "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE))",
    "who": "import os; print(os.getuid(), os.getgroups(), os.umask(0o22), os.getcwd())",
}
# The folder is closed against its owner, but root's rights go beyond; stat shows other numbers.
DIFFER = {"no place to write": (1, "Read-only file system")}


def answers(prefix: Path) -> dict[str, Done]:
    python = prefix / "bin/python"
    # A start runs scripts of activation, as `conda run` does: these have been run.
    env = {**ENV, "PATH": f"{prefix}/bin:{ENV['PATH']}"}
    return {
        name: run(python, "-c", program, "a", "b c", env=env, cwd="/usr", input="typed")
        for name, program in PROGRAMS.items()
    }


def test_programs_answer_as_in_the_folder(tmp_path: Path) -> None:
    require()
    prefix = conda_like(tmp_path / "env")
    before = answers(prefix)
    (prefix / "new").unlink()
    after = answers(packed(prefix))
    for name, (code, text) in DIFFER.items():
        done = after.pop(name)
        assert (done.returncode, text in done.stderr) == (code, True)
        assert before.pop(name).returncode == 0
    shown = (
        {name: (done.returncode, done.stdout, done.stderr) for name, done in each.items()}
        for each in (after, before)
    )
    assert next(shown) == next(shown)
