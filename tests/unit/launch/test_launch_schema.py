"""The published schema of site files, beside what the program takes."""

import json

import jsonschema
import pytest

from hpcpy.core.errors import UsageError
from hpcpy.launch import settings
from hpcpy.launch.site import FOLDER, _site_of, site_names
from hpcpy.pins.tables import Table, read_table


def schema() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(settings.SCHEMA.read_text()))


@pytest.mark.parametrize("name", [*site_names(), "template"])
def test_the_schema_takes_each_site_of_the_checkout(name: str) -> None:
    schema().validate(dict(read_table(FOLDER / f"{name}.toml").values))


# Key -> values, right and wrong.
VALUES: dict[str, tuple[object, ...]] = {
    "mpi": ("pmix", "a b", "", 3),
    "time": ("30", "1:2", "UNLIMITED", "1h", "-1", "é"),
    "binds": (["/a", "$A/b"], ["a"], ["/a,b"], "/a", [1]),
    "engine": ("podman-hpc", "docker", "", ["podman"]),
    "cpus_per_node": (2, 0, -1, "2", 0.5, True),
    "partitions": (["a"], ["a b"], ["a\nb"], []),
    "options": ({"step": ["--mem=0"]}, {"step": ["-n 3"]}, {"x": []}, 1),
    "environment": ({"A": ""}, {"A-B": "x"}, {"1": "x"}, {"A": "x\0"}),
    "promises": ({"gpus": 1}, {"gpus": 0}, {"x": 1}, {"mpi": "tcp"}),
    "account": ("required", "\t", 1),
    "constraint": ("required", "\t", 1),
    "x": (1,),
}
DOCUMENTS = [{key: value} for key, values in VALUES.items() for value in values]


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_the_schema_takes_what_the_program_takes(document: dict[str, object]) -> None:
    whole = {"summary": "s", **document}
    try:
        _site_of(Table("x", "", whole), "x")
        is_right = True
    except UsageError:
        is_right = False
    assert schema().is_valid(whole) is is_right
