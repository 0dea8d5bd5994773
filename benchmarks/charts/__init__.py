"""The pictures of the reports, drawn by an image's matplotlib."""

from collections.abc import Callable, Mapping
from typing import Any

from charts import starts, storms

# What draws a report, by its benchmark: a figure of matplotlib.
PICTURES: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "startup": starts.startup,
    "storm": storms.storm,
    "import-at-scale": storms.validation,
}
