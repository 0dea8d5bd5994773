"""Tests of a feature are skipped, and say so, in an image that lacks it."""

from pathlib import Path
from typing import NoReturn

import pytest

from _hpcpy_importer import finder

HERE = Path(__file__).parent


class Lacking(pytest.Module):
    """A file of tests of which nothing is imported."""

    feature = ""

    def collect(self) -> NoReturn:
        pytest.skip(
            f"the image lacks the feature {self.feature}; containers/images.toml names those "
            "of each image, and make test tests hpcpy's",
            allow_module_level=True,
        )


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    feature = module_path.relative_to(HERE).parts[0]
    if feature in finder().bundle.about["features"]:
        return None
    made: Lacking = Lacking.from_parent(parent, path=module_path)
    made.feature = feature
    return made
