"""Programs that look at code of the code image."""

import os
import sys
import textwrap

from running import run

# What is looked at: laid out, with names, sets, defaults, nested functions.
LOOK = """
import gc, json.decoder, marshal, sys, weakref
import _hpcpy_code_image, _hpcpy_importer
bundle = _hpcpy_importer.finder().bundle
offset = json.decoder.__loader__.offset
ready, loaded = _hpcpy_code_image.code(offset), bundle.load(offset)
decode = json.decoder.JSONDecoder.decode
"""


def ran(program: str, *options: str, ok: int = 0, **variables: str) -> str:
    done = run(
        sys.executable,
        *options,
        "-c",
        LOOK + textwrap.dedent(program),
        env={**os.environ, **variables},
    )
    assert done.returncode == ok, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()
