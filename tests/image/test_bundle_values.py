"""What lies at a place of the bundle, compressed, and who sees it loaded."""

from __future__ import annotations

from running import said

# docs/interpreter.md has the format.
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


def test_a_damaged_frame_is_an_error_and_no_crash() -> None:
    program = """
frame = stored(place)
wrong = [frame[:size] for size in (4, 5, 9, len(frame) // 2, len(frame) - 1)]
wrong += [frame[:at] + bytes([frame[at] ^ 0x40]) + frame[at + 1 :] for at in range(4, 64)]
said = set()
for one in wrong:
    try:
        _hpcpy_bundle.loads(one)
    except (ValueError, EOFError, TypeError) as error:
        said.add(str(error).partition(" (")[0])
print("hpcpy: a module in memory is damaged" in said)
# The next one is not hurt by it.
print(_hpcpy_bundle.loads(frame) == value(place))
"""
    assert said(VALUE + program) == ["True", "True"]


def test_an_audit_hook_is_not_handed_the_whole_bundle_with_each_module() -> None:
    program = """
import sys
seen = []
def look(event, arguments):
    seen.extend(len(a) for a in arguments if isinstance(a, bytes))
sys.addaudithook(look)
import numba
print(max(seen, default=0))
"""
    # What is left are a few programs' own reads.
    assert int(said(program)[0]) < 5_000_000
