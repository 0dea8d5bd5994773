"""hpcpy-sci: its packages work and start as baked ones do; Dask finds those that it needs."""

import json
import tomllib
from pathlib import Path

import pytest

from running import python

# What a package is used for, as in any environment: `make test-packages` compares the answers.
PACKAGES = tomllib.loads(Path(__file__).parents[1].joinpath("packages/programs.toml").read_text())
PROGRAMS = {
    **{name: PACKAGES[name]["use"] for name in ("scipy", "pandas", "scikit-learn", "bokeh")},
    "pyarrow": """
import os, pandas, pyarrow.parquet, tempfile
frame = pandas.DataFrame({"value": range(1000)})
with tempfile.TemporaryDirectory() as folder:
    # Not of a Python file object: a thread of its pool may let go of that
    # when Python 3.14 has ended, and waits for ever.
    path = os.path.join(folder, "x.parquet")
    frame.to_parquet(path)
    assert pyarrow.parquet.read_table(path).column("value").to_pylist() == list(range(1000))
""",
    "xarray": """
import numpy, xarray
field = xarray.DataArray(numpy.arange(6.0).reshape(2, 3), dims=("y", "x"))
assert field.mean("x").values.tolist() == [1.0, 4.0]
""",
    "dask.dataframe": """
import pandas, dask.dataframe
frame = dask.dataframe.from_pandas(pandas.DataFrame({"value": range(100)}), npartitions=4)
assert frame.value.sum().compute() == 4950
""",
    "Dask's dashboard": """
import urllib.request
from distributed import LocalCluster
with LocalCluster(n_workers=1, processes=False, dashboard_address="127.0.0.1:0") as cluster:
    port = cluster.scheduler.http_server.port
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/status").read().decode()
    assert "bokeh" in page.lower()
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_package_works(name: str) -> None:
    done = python("-c", PROGRAMS[name])
    assert done.returncode == 0, done.stderr


def test_baked_modules_are_looked_for_in_no_folder() -> None:
    words = ["startup", "--impl", "strace", "--import", "scipy.linalg,pandas", "--json", "-"]
    done = python("-m", "workloads", *words)
    assert done.returncode == 0, done.stderr
    counted = json.loads(done.stdout)["results"][0]["details"][-1]
    # Their extension modules are files: each is opened once, with its libraries.
    assert counted["getdents"] == 0
    assert counted["path_calls"] < 200
