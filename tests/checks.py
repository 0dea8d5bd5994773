"""What `make check` runs before the host's tests: lint, types, scripts, the forge's files."""

from pathlib import Path

# The folders of a line have no two modules of one name.
MYPY = (
    "src/hpcpy src/hpcpy_common src/hpcpy_job src/workloads src/workloads_spark"
    " src/interp benchmarks containers/cuda containers/dev recipes/interpreter recipes/link"
    " packaging",
    "tests/unit tests/image_dev tests/image_sci tests/image_spark tests/image_sanitized",
    "tests/gpu tests/conftest.py tests/run.py",
    "tests/launch tests/image_cuda",
    "tests/image --exclude=/features/",
    "tests/image/features",
    "tests/upstream tests/packages",
)
# The forge's `on:` is a key, not a truth value; one document needs no mark of its start.
YAML = (
    "{extends: default, rules: {document-start: disable, line-length: {max: 100},"
    " truthy: {check-keys: false}}}"
)
# By their schema, as check-jsonschema ships it.
SCHEMAS = {
    "github-workflows": ".github/workflows/*.yml",
    "github-issue-config": ".github/ISSUE_TEMPLATE/config.yml",
    "github-issue-forms": ".github/ISSUE_TEMPLATE/[!c]*.yml",
    "citation-file-format": "CITATION.cff",
}


def commands() -> list[list[str]]:
    """Return programs of the developer tools with their arguments, for the checkout's folder."""
    # By its Python: mypy's own first line cannot name every folder.
    mypy = [["python", "-m", "mypy", *line.split()] for line in MYPY]
    schema = ["check-jsonschema", "--builtin-schema"]
    return [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        *mypy,
        ["shellcheck", "--external-sources", ".ci/run", *found("[crs]*/**/*.sh")],
        ["yamllint", "--strict", "-d", YAML, ".github", "reframe", "CITATION.cff"],
        *([*schema, f"vendor.{name}", *found(pattern)] for name, pattern in SCHEMAS.items()),
    ]


def found(pattern: str) -> list[str]:
    return sorted(str(path) for path in Path().glob(pattern))
