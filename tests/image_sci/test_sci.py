"""hpcpy-sci: its packages work and start as baked ones do; Dask finds those that it needs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAMS = {
    "scipy": """
import numpy, scipy.linalg, scipy.optimize, scipy.sparse.linalg
a = numpy.array([[4.0, 1.0], [1.0, 3.0]])
assert numpy.allclose(scipy.linalg.solve(a, [1.0, 2.0]), [1 / 11, 7 / 11])
assert abs(scipy.optimize.brentq(lambda x: x * x - 2, 0, 2) - 2 ** 0.5) < 1e-12
assert abs(scipy.sparse.linalg.eigsh(scipy.sparse.eye(9) * 3.0, 1)[0][0] - 3) < 1e-9
""",
    "pandas": """
import pandas
frame = pandas.DataFrame({"name": ["a", "b", "a"], "value": [1.0, 2.0, 3.0]})
assert frame.groupby("name").value.sum().to_dict() == {"a": 4.0, "b": 2.0}
""",
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
    "scikit-learn": """
import numpy
from sklearn.cluster import KMeans
points = numpy.concatenate([numpy.zeros((20, 2)), numpy.ones((20, 2))])
found = KMeans(2, n_init=1, random_state=0).fit(points).labels_
assert len(set(found[:20])) == len(set(found[20:])) == 1 and found[0] != found[-1]
""",
    "xarray": """
import numpy, xarray
field = xarray.DataArray(numpy.arange(6.0).reshape(2, 3), dims=("y", "x"))
assert field.mean("x").values.tolist() == [1.0, 4.0]
""",
    "bokeh": """
from bokeh.embed import file_html
from bokeh.plotting import figure
from bokeh.resources import INLINE
chart = figure()
chart.line([1, 2], [3, 4])
assert "Bokeh" in file_html(chart, INLINE)
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
    done = subprocess.run(
        [sys.executable, "-c", PROGRAMS[name]],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_baked_modules_are_looked_for_in_no_folder() -> None:
    words = ["startup", "--impl", "strace", "--import", "scipy.linalg,pandas", "--json", "-"]
    done = subprocess.run(
        [sys.executable, "-m", "workloads", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    counted = json.loads(done.stdout)["results"][0]["details"][-1]
    # Their extension modules are files: each is opened once, with its libraries.
    assert counted["getdents"] == 0
    assert counted["path_calls"] < 200
