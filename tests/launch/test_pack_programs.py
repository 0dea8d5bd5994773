"""Programs answer in a packed environment as in the folder that it was, activation included."""

import json
from pathlib import Path

from packing import ENV, conda_like, pack, packed, require

from running import Done, run

HOST = {"PATH": "/usr/bin:/bin", "HPCPY_PACK_HOLD": "5", "HOME": "/", "LC_ALL": "C.UTF-8"}
# A name, and what Python is given; all print what they see.
PROGRAMS = {
    "places": "import sys, sysconfig; print(sys.path, sys.executable, sysconfig.get_paths())",
    "libraries": "import sysconfig; print(sorted(sysconfig.get_config_vars().items(), key=str))",
    "types of files": """
import os, sys
for folder, _, files in sorted(os.walk(sys.prefix)):
    if folder != sys.prefix and not folder.endswith("__pycache__"):
        for name in sorted(files):
            status = os.lstat(os.path.join(folder, name))
            print(folder, name, oct(status.st_mode), status.st_size, status.st_nlink)
""",
    "mapped": """
import mmap, os
with open(os.__file__, "rb") as file:
    print(hash(bytes(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))) != 0, file.seek(0, 2))
""",
    "children": """
import subprocess, sys
print(subprocess.run([sys.executable, "-c", "import sys; print(sys.prefix)"], text=True,
                     capture_output=True), subprocess.getoutput("pwd; command -v python; echo $0"))
""",
    "a pool": """
import multiprocessing
if __name__ == "__main__":
    multiprocessing.set_start_method("forkserver")
    print(multiprocessing.Pool(2).map(abs, range(-3, 3)))
""",
    "a traceback": "import json; json.loads('{')",
    "an exit code": "raise SystemExit(3)",
    "a signal": "import os; os.kill(os.getpid(), 9)",
    "modules": "import pkgutil; print(sorted(each.name for each in pkgutil.iter_modules()))",
    "standard input": "import sys; print(sys.stdin.read(), sys.argv, sys.flags)",
    "no place to write": "import sys; open(f'{sys.prefix}/new', 'w')",
}
# The folder is closed against its owner, but root's rights go beyond; stat shows other numbers.
DIFFER = {"no place to write": (1, "Read-only file system")}


def answers(prefix: Path) -> dict[str, Done]:
    python = prefix / "bin/python"
    # A start runs scripts of activation, as `conda run` does: these have been run.
    env = {**HOST, "PATH": f"{prefix}/bin:{HOST['PATH']}"}
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


def test_activation_scripts_add_to_the_path_and_remove_variables(prefix: Path) -> None:
    script = prefix / "etc/conda/activate.d/tools.sh"
    lines = "two\nHPCPY_PACK_IMAGE=none\n\n="
    # Names of the configuration's own, without their begin.
    own = {"IMAGE": "none", "BIN": "none", "BINDS": "a=b", "HOT": "1+1"}
    (prefix / "etc/conda/env_vars.d/own.json").write_text(json.dumps(own))
    script.write_text(
        'export PATH="$CONDA_PREFIX/share/tools:$PATH"\nunset PACKAGE\n'
        f"export LINES='{lines}'\ntell() {{\n  echo told\n}}\nexport -f tell\n"
    )
    packed(prefix)
    show = (prefix / "bin/pack-exec", "env", "-0")
    shown = run(*show, env={**ENV, "PACKAGE": "host"}).stdout.split("\0")
    assert f"PATH={prefix}/share/tools:{prefix}/bin:{ENV['PATH']}" in shown
    assert f"LINES={lines}" in shown
    assert {f"{name}={value}" for name, value in own.items()} <= {*shown}
    assert run(prefix / "bin/pack-exec", "bash", "-c", "tell", env=ENV).stdout == "told\n"
    assert "PACKAGE=host" not in shown
    assert pack("--undo", prefix).returncode == 0
    script.write_text("exit\n")
    refused = pack(prefix)
    assert (refused.returncode, refused.stderr.count("activation scripts")) == (69, 1)


def test_activation_scripts_see_what_the_user_and_the_job_have_set(prefix: Path) -> None:
    (prefix / "etc/conda/activate.d/job.sh").write_text(
        'export CACHE="$HOME/.cache" THREADS="${SLURM_CPUS_PER_TASK:-1}" UNITS="${UNITS:-none}"\n'
        "echo told\n"
    )
    packed(prefix)
    names = ("CACHE", "THREADS", "UNITS")
    show = ("-c", f"import os, sys; print(*map(os.environ.get, {names}), *sys.argv[1:])", "a b")
    job = {**ENV, "HOME": "/home/other", "SLURM_CPUS_PER_TASK": "8", "UNITS": "/my"}
    for how in ({}, {"HPCPY_PACK_ENGINE": "apptainer"}, {"HPCPY_PACK_ENGINE": "folder"}):
        done = run(prefix / "bin/python", *show, env={**job, **how})
        home, _, rest = done.stdout.partition(" ")
        assert (rest, done.stderr) == ("8 /my a b\n", "told\n")
        # Apptainer has the home of the user's account.
        assert home == "/home/other/.cache" or "apptainer" in how.values()
    failed = run(prefix / "bin/python", "-c", "import sys; sys.exit(3)", env=job)
    assert failed.returncode == 3


ODD = {
    "a.sh": 'export NONE="$(ls "$CONDA_PREFIX"/lib/none*.so 2>/dev/null | head -1)"\n'
    'for each in "$CONDA_PREFIX"/none*.d; do export SEEN=1; done\n',
    "B.sh": "words=(x y) script=z; export ORDER=${ORDER}B\n",
    "~c.sh": "export ORDER=${ORDER}c COUNT=$#\n",
    "b c.sh": "export ORDER=${ORDER}b\n",
}


def test_activation_scripts_are_run_as_by_conda(prefix: Path) -> None:
    for name, text in ODD.items():
        (prefix / "etc/conda/activate.d" / name).write_text(text)
    packed(prefix)
    names = ("NONE", "SEEN", "ORDER", "COUNT", "BASH_ENV")
    file = prefix.parent / "bash_env"
    file.write_text("echo told\n")
    show = ("-c", f"import os; print(*map(os.environ.get, {names}))")
    env = {**ENV, "BASH_ENV": str(file), "ORDER": ""}
    for how in ("", "apptainer", "folder"):
        python = (prefix / "bin/python", *show)
        done = run(*python, env={**env, "HPCPY_PACK_ENGINE": how}, cwd="/usr")
        assert (done.stdout, done.stderr) == (f" 1 Bbc 0 {file}\n", "")
    # A closed stderr let no script run.
    closed = run("sh", "-c", 'exec "$@" 2>&-', "sh", *python, env=env, cwd="/usr")
    assert closed.stdout == f" 1 Bbc 0 {file}\n"
