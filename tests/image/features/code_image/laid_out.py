"""Programs that look at code of the code image."""

import textwrap

from running import printed, python

# What is looked at: laid out, with names, sets, defaults, nested functions.
LOOK = """
import gc, json.decoder, marshal, sys, weakref
import _hpcpy_code_image, _hpcpy_importer
bundle = _hpcpy_importer.finder().bundle
offset = json.decoder.__loader__.offset
ready, loaded = _hpcpy_code_image.code(offset), bundle.load(offset)
decode = json.decoder.JSONDecoder.decode
"""


def ran(program: str, *options: str, **variables: str) -> str:
    return printed(python(*options, "-c", LOOK + textwrap.dedent(program), **variables)).strip()
