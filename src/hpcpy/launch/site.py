"""What a launch needs to know of a site: each key of a site file, in one place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

from hpcpy.core.programs import captured
from hpcpy.launch.options import CONTAINERS, ENGINES, NO_TIME, TIME, is_uri
from hpcpy.pins.tables import Table
from hpcpy_common.errors import UsageError, suggestion
from hpcpy_job.doctor import promises

# Where an image has its own copies.
IMAGES_OWN = "/opt/hpcpy/share/hpcpy/tool/env/sites/"
REQUIRED = "required"
# In a site's or a request's ``mpi``.
AUTO = "auto"
# What a text has to be: a pattern, of Python and of JSON schema alike; what is said of another.
_TEXT = (r"[^\x00-\x08\x0a-\x1f\x7f]+", "holds a character that cannot be printed")
_WORD = (
    r"[^\s;&|<>()`'\"\x00-\x1f\x7f]+",
    "has a blank, a quote or the shell's ;, and a name has none",
)
# A comma would part two of Apptainer's --bind; z is Podman's.
_PLACE = (
    r"[/$][^,:\x00-\x08\x0a-\x1f\x7f]*(:[^,:\x00-\x08\x0a-\x1f\x7f]+(:(r[ow]|[zZ]))?)?",
    "is neither HOST nor HOST:INSIDE[:ro], which begin with / or $NAME",
)
# An option's value as a separate word would be taken for the program.
_OPTION = (r"--?[A-Za-z][^\s\x00-\x1f\x7f]*", "is not one option such as '--mem=0'")
_VALUE = (
    r"[^\x00-\x08\x0b-\x1f\x7f]*",
    "a text whose only control characters are tabs and line ends",
)
# Beside what follows: each line is whole.
_SHELL = (*_TEXT, "is no whole line of shell")
VARIABLE_NAME = r"[A-Za-z_][A-Za-z0-9_]*"


def _row(is_on_host: bool, rule: Sequence[str], meaning: str, example: Any, *default: Any) -> Any:
    """Return a key of a site file; `is_on_host`: it runs or chooses something on the host.

    The rule of a text, or of each in a list or table, is a pattern with what is said of another,
    or the choices there are.  A default is given where it is not empty.
    """
    row = {"is_on_host": is_on_host, "rule": rule, "meaning": meaning, "example": example}
    if isinstance(example, dict):
        return field(default_factory=dict, metadata=row)
    return field(default=default[0] if default else type(example)(), metadata=row)


_key, _host_key = partial(_row, False), partial(_row, True)


@dataclass(frozen=True)
class Site:
    """One site's settings: a field with metadata is a key of its file."""

    name: str  # The file's name without ``.toml``
    summary: str = _key(_TEXT, "one line about the site", "one line about the site")
    engine: str = _host_key(
        ENGINES, f"{', '.join(ENGINES)}; ENGINE= takes another", "apptainer", "apptainer"
    )
    mpi: str = _key(
        _WORD,
        "srun --mpi=…; `srun --mpi=list` names those there are. pmix and pmi2 suit the image's own"
        ' MPICH, pmi2 that of the one file; "auto" takes the first that there is. Without it'
        ' apptainer, standalone and podman have "auto", the others the site\'s own default. A kind'
        " that the library does not speak makes N times rank 0 of 1.",
        "pmix",
    )
    image: str = _host_key(
        _TEXT, "a file for apptainer and standalone, else a reference", "/shared/images/hpcpy.sif"
    )
    node_local: str = _key(
        _PLACE,
        "each node's own disk: caches, TMPDIR, with STAGE=1 the image",
        *["/tmp"] * 2,  # noqa: S108
    )
    constraint: str = _key(_TEXT, "sbatch --constraint", "icelake")
    account: str = _key(
        _WORD, f'who is charged; "{REQUIRED}" refuses a launch without ACCOUNT=', REQUIRED
    )
    time: str = _key((TIME, NO_TIME), "a job's limit: 30 (minutes), 01:30:00, 2-0", "00:30:00")
    modules: tuple[str, ...] = _host_key(_WORD, "module load …, before srun", ("apptainer",))
    setup: tuple[str, ...] = _host_key(
        _SHELL,
        "lines of shell after that, each whole",
        ("export APPTAINER_CACHEDIR=/scratch/$USER/apptainer",),
    )
    binds: tuple[str, ...] = _key(
        _PLACE,
        "folders that ranks see beside the working directory: HOST or HOST:INSIDE[:ro]; one that"
        " a node lacks is an error of the engine",
        ("/scratch", "/software:/software:ro"),
    )
    partitions: tuple[str, ...] = _key(
        _WORD, "those there are; the first, unless PARTITION= names another", ("standard", "short")
    )
    qos: tuple[str, ...] = _key(
        _WORD, "those there are; the first, unless QOS= names another", ("normal", "high")
    )
    cpus_per_node: int = _key((), "as Slurm counts them; leave it out where nodes differ", 128, 0)
    gpus_per_node: int = _key((), "leave it out where nodes differ", 4, 0)
    options: Mapping[str, tuple[str, ...]] = _host_key(
        _OPTION,
        "more options, each one word: of the job (allocation: sbatch, salloc, or srun outside a"
        " job), of each srun (step), of job and step with GPUS= (gpu), and of an engine's own"
        " command: apptainer exec …, podman-hpc run …, shifter … (with GPUs:"
        ' "--module=gpu,cuda-mpich")',
        {
            "allocation": ("--mem=0", "--exclusive"),
            "step": ("--distribution=block:block",),
            "gpu": ("--gpu-bind=none",),
            "apptainer": ("--no-home",),
            "podman-hpc": ("--mpi",),
            "shifter": ("--module=mpich",),
        },
    )
    environment: Mapping[str, str] = _key(
        _VALUE,
        "variables for the ranks; here Apptainer's bind model: the host's MPI in place of the"
        " image's, its folder in `binds`",
        {"LD_LIBRARY_PATH": "/software/mpich/lib"},
    )
    promises: Mapping[str, Any] = _key(
        (),
        "what has to be there, or the job ends before its program starts (hpcpy docs doctor)",
        {"mpi": "mpich", "fabric": "verbs"},
    )
    # Of each key, and of a table's entry as TABLE.ENTRY, the file that has it.
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def promises_file(self) -> str:
        """The file with the table ``promises``, which preflight compares with."""
        return self.files.get("promises", "")

    def kind_of_mpi(self, engine: str) -> str:
        """Return ``srun --mpi`` for an engine; empty for Slurm's own default."""
        # By the other engines' modules ranks have the site's library.
        return self.mpi or (AUTO if engine in ("apptainer", "standalone", "podman") else "")


KEYS = {key.name: key for key in fields(Site) if key.metadata}
ON_HOST = [name for name, key in KEYS.items() if key.metadata["is_on_host"]]
# Tables of which a later file replaces single entries.
TABLES = ("options", "environment")
OPTIONS = ("allocation", "step", "gpu", *CONTAINERS)


def checked(table: Table) -> dict[str, Any]:
    """Return the values of a site file, each checked."""
    table.only(*KEYS)
    return {name: _checked(table, name) for name in table.values}


def _checked(table: Table, name: str) -> Any:
    rule, kind = KEYS[name].metadata["rule"], str(KEYS[name].type)
    if kind == "int":
        return table.number(name)
    if kind == "str":
        return _texts(table, name, (table.text(name),), rule)[0]
    if kind.startswith("tuple"):
        return _texts(table, name, table.texts(name), rule)
    entries = table.table(name)
    if name == "promises":
        if wrong := promises.why_not(dict(entries.values)):
            raise UsageError(f"{table.file}: {wrong}")
        return entries.values
    if name == "options":
        entries.only(*OPTIONS)
        return {key: _texts(entries, key, entries.texts(key), rule) for key in entries.values}
    for variable in entries.values:
        if not re.fullmatch(VARIABLE_NAME, variable):
            raise entries.wrong(variable, "is not the name of a variable")
    return {variable: entries.text(variable, *rule) for variable in entries.values}


def _texts(table: Table, name: str, texts: tuple[str, ...], rule: Sequence[str]) -> tuple[str, ...]:
    """Return texts that follow the rule of their key."""
    for text in texts:
        wrong = ""
        if rule is ENGINES:
            wrong = "" if text in rule else f"is none; {suggestion(text, rule)}"
        elif not text.replace("\t", " ").isprintable():
            wrong = _TEXT[1]
        elif not re.fullmatch(rule[0], text):
            wrong = rule[1]
        elif rule is _SHELL and (said := captured(["bash", "-nc", f"{{ {text}\n}}"]).stderr):
            # A here-document without an end is only a warning.
            wrong = f"{rule[2]}: {said.strip().splitlines()[-1].partition(': ')[2]}"
        if wrong:
            raise table.wrong(name, f"{text!r} {wrong}")
    return texts


def merged(name: str, files: Iterable[tuple[str, Mapping[str, Any]]]) -> Site:
    """Return the site of the values of some files, each over those before it."""
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    for file, given in files:
        for key, value in given.items():
            if key in TABLES:
                values[key] = {**values.get(key, {}), **value}
                places |= {f"{key}.{entry}": file for entry in value}
            else:
                values[key] = value
            places[key] = file
    image = values.get("image", "")
    # A file beside the one that names it.
    if image and values.get("engine") in (None, "apptainer", "standalone") and not is_uri(image):
        values["image"] = str(Path(places["image"]).parent / image)
    return Site(name, **values, files=places)
