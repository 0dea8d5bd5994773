"""What Spark's techniques need, asked without an import."""

from __future__ import annotations

import os
import shutil

# What to say where Spark is absent.
NO_PYSPARK = "Python has no module 'pyspark' here: run it in the image hpcpy-spark"


def program() -> str:
    """Return the path of ``java``: JAVA_HOME's, or where that is not set PATH's; empty if none."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=f"{home}/bin" if home else None) or ""


def no_java() -> str:
    """Return why there is no Java here, or an empty string."""
    return "" if program() else "no program java here: run it in the image hpcpy-spark"
