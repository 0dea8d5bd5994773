"""What lies at a place of the bundle, compressed, and an audit hook that sees it loaded."""

from __future__ import annotations

from running import said

# src/interp/bundle/write.py has the format.
VALUE = r"""
import marshal, _hpcpy_bundle
from compression import zstd
data = bytes(_hpcpy_bundle.data())
def stored(offset):
    return data[offset : offset + int.from_bytes(data[offset - 4 : offset], "little")]
def value(offset):
    found = stored(offset)
    return marshal.loads(zstd.decompress(found) if found[:4] == b"\x28\xb5\x2f\xfd" else found)
index = value(int.from_bytes(data[16:24], "little"))
grows, table = value(index["folders"]["/json"])
place = table["decoder"][1]
"""


def test_the_bundle_is_read_from_outside_as_the_documentation_says() -> None:
    program = (
        "import json.decoder\n"
        "print(stored(place)[:4].hex(), value(place) == json.decoder.__loader__.get_code(''))"
    )
    assert said(VALUE + program) == ["28b52ffd", "True"]


def test_an_audit_hook_sees_the_marshalled_bytes_of_one_module() -> None:
    program = """
import sys
seen = []
sys.addaudithook(lambda event, given: event == "marshal.loads" and seen.append(given[0]))
_hpcpy_bundle.loads(stored(place))
print(seen == [zstd.decompress(stored(place))])
"""
    assert said(VALUE + program) == ["True"]
