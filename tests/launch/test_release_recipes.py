"""The recipes that a release has for other tools, each taken by its own tool."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from debian_tools import unpacked
from module_systems import finish
from standalone_host import built

from hpcpy.engine.venv import ensure_venv
from hpcpy.fetch.artifacts import fetch
from hpcpy.images.buildah import buildah
from hpcpy.images.make import make_image
from hpcpy.images.outputs import STANDALONE
from hpcpy.images.plan import make_plan
from hpcpy.pins.model import sources
from hpcpy.release import recipes
from running import executable, printed, run

pytestmark = pytest.mark.long
EASYBUILD = [sources()[f"easybuild-{name}"] for name in ("framework", "easyblocks")]
# The options that podman-hpc gives to podman for a module's own option.
OPTIONS = """
import json
from podman_hpc.siteconfig import SiteConfig
site = SiteConfig()
site.read_site_modules()
print(json.dumps([site.get_cmd_extensions("run", {"hpcpy": True}), site.shared_run]))
"""
STACK = "import numpy, numba, mpi4py, h5py; print(numpy.arange(3).sum())"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    shutil.copy2(built(), folder / "hpcpy-python")
    for name, text in recipes(folder, "1.2", folder.as_uri()).items():
        (folder / name).write_text(text)
    return folder


def test_easybuild_installs_it_with_a_module(release: Path, tmp_path: Path) -> None:
    for file in fetch(EASYBUILD).values():
        shutil.unpack_archive(file, tmp_path)
    found = [str(path) for path in tmp_path.glob("easybuild_*")]
    lmod = unpacked("modules", finish) / "lmod"
    places = {"PYTHONPATH": os.pathsep.join(found), "LMOD_CMD": str(lmod)}
    env = {**os.environ, **places, "PATH": f"{lmod.parent}{os.pathsep}{os.environ['PATH']}"}
    as_root = ["--allow-use-as-root-and-accept-consequences"] if os.geteuid() == 0 else []
    options = ("--modules-tool=Lmod", f"--prefix={tmp_path / 'apps'}", *as_root)
    easyconfig = release / "hpcpy-1.2.eb"
    # It also runs the recipe's own checks, with the module loaded.
    done = run(sys.executable, "-m", "easybuild.main", *options, easyconfig, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    python = tmp_path / "apps/software/hpcpy/1.2/bin/python3"
    assert printed(run(python, "-c", STACK)) == "3\n"
    (release / "hpcpy-python").chmod(0o644)
    changed = tmp_path / "hpcpy-1.2.eb"
    changed.write_text(easyconfig.read_text().replace("checksums = ['", "checksums = ['0"))
    done = run(sys.executable, "-m", "easybuild.main", *options, "--rebuild", changed, env=env)
    assert done.returncode != 0


def test_spack_installs_it(release: Path, tmp_path: Path) -> None:
    spack = shutil.which("spack")
    if not spack:
        pytest.skip("no spack on PATH, and no registry has it: PATH=SPACK/bin:$PATH make test-long")
    package = tmp_path / "spack_repo/own/packages/hpcpy/package.py"
    package.parent.mkdir(parents=True)
    shutil.copy(release / "package.py", package)
    (tmp_path / "spack_repo/own/repo.yaml").write_text("repo: {namespace: own, api: v2.0}\n")
    places = (f"repos:own:{tmp_path / 'spack_repo/own'}", f"config:install_tree:root:{tmp_path}")
    own = [word for place in places for word in ("-c", place)]
    done = run(spack, *own, "install", "hpcpy", timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    (prefix,) = printed(run(spack, *own, "location", "-i", "hpcpy")).splitlines()
    assert printed(run(f"{prefix}/bin/python3", "-c", STACK)) == "3\n"


# The names of Spack's that the recipe takes, as far as it needs them.
STAND_IN = """
import os, pathlib, shutil
class Path(str):
    def join(self, name): return Path(f"{self}/{name}")
    __getattr__ = join
said = []
def _say(name): return lambda *words, **options: said.append((name, words, options))
version, license, requires = map(_say, ("version", "license", "requires"))
mkdirp, install, symlink = os.makedirs, shutil.copy, os.symlink
def set_executable(path): os.chmod(path, 0o755)
"""
INSTALLS = """
import sys, types
import package
from spack.package import Path, said
(version,) = [options for name, _, options in said if name == "version"]
self = types.SimpleNamespace(stage=types.SimpleNamespace(archive_file=sys.argv[1]))
package.Hpcpy.install(self, None, Path(sys.argv[2]))
print(version["url"], version["sha256"])
"""


def test_what_spack_would_run_installs_it(release: Path, tmp_path: Path) -> None:
    for name, text in {
        "spack/package.py": STAND_IN,
        "spack_repo/builtin/build_systems/generic.py": "Package = object\n",
        "package.py": (release / "package.py").read_text(),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    program = release / "hpcpy-python"
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = run(sys.executable, "-c", INSTALLS, program, tmp_path / "apps", env=env)
    (sum_of_it, _) = printed(run("sha256sum", program)).split()
    assert printed(done) == f"{program.as_uri()} {sum_of_it}\n"
    assert printed(run(tmp_path / "apps/bin/python3", "-c", STACK)) == "3\n"


def test_podman_hpc_takes_the_module(release: Path, tmp_path: Path) -> None:
    shutil.copy(release / "podman-hpc.yaml", tmp_path / "hpcpy.yaml")
    programs = ensure_venv("podman-hpc") / "bin"
    executable(tmp_path / "podman", "")  # it looks for one, and does not start it
    path = os.pathsep.join(map(str, (tmp_path, programs, os.environ["PATH"])))
    env = {**os.environ, "PODMANHPC_MODULES_DIR": str(tmp_path), "USER": "me", "PATH": path}
    options, is_shared = json.loads(printed(run(programs / "python", "-c", OPTIONS, env=env)))
    assert is_shared
    # As ranks need them, and as `hpcpy launch` gives them.
    assert {"--ipc=host", "--network=host", "--pid=host"} <= set(options)
    assert "--privileged" not in options


def test_the_image_of_a_jupyter_gets_a_kernel(tmp_path: Path) -> None:
    shutil.copy2(built("hpcpy"), tmp_path / STANDALONE["hpcpy"])
    text = recipes(tmp_path, "1.2", "")["Containerfile"]
    kernel = "/opt/conda/share/jupyter/kernels/hpcpy/kernel.json"
    starts = "/opt/hpcpy/bin/python3 -m ipykernel_launcher --version"
    (tmp_path / "Containerfile").write_text(f"{text}RUN test -s {kernel} && {starts}\n")
    plan, made = make_plan(), "localhost/hpcpy-test-jupyter"
    with buildah() as builder:
        # Instead of docker-stacks', which no registry here has.
        base = make_image(plan, plan.graph.image("base"), builder)
        options = ("--isolation=chroot", "--pull=never", f"--build-arg=BASE={base}")
        command = builder.offline("build", *options, f"--tag={made}", tmp_path)
        done = run(*command, env={**os.environ, **builder.env}, timeout=900)
        builder.remove(made)
    assert done.returncode == 0, done.stdout + done.stderr
