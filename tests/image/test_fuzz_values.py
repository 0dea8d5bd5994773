"""A damaged value of the bundle is an error and no crash, as zstd and marshal say of it.

Random, from seeds; in the image `sanitized`, too, where AddressSanitizer watches. Damage that
zstd does not notice and that changes the value is a matter of marshal's, and not tried.
"""

from __future__ import annotations

from running import said

# The image has no hypothesis.
PROGRAM = r"""
import marshal, random, struct
import _hpcpy_bundle
from compression import zstd

MAGIC = b"\x28\xb5\x2f\xfd"
CASES = 4000

def plain(value):
    if len(value) > 4 and value[:4] == MAGIC:
        size = zstd.get_frame_info(value).decompressed_size
        if size is None or size > 2**31 - 1:
            raise ValueError("its size")
        value = zstd.decompress(value)
        if len(value) > size:
            raise ValueError("longer than it says")
    return value

def damaged(draw, frame):
    way = draw.randrange(5)
    at = draw.randrange(len(frame))
    if way == 0:
        return frame[:at]
    if way == 1:
        return frame[:at] + bytes([frame[at] ^ 1 << draw.randrange(8)]) + frame[at + 1 :]
    if way == 2:
        return frame[: draw.randrange(4, 20)] + draw.randbytes(draw.randrange(40))
    if way == 3:
        # The size that the head says, in 8 bytes.
        return MAGIC + b"\xe0" + struct.pack("<Q", draw.choice([0, 1, 2**31, 2**63])) + frame[6:]
    at = draw.randrange(4, min(len(frame), 14))
    return frame[:at] + draw.randbytes(1) + frame[at + 1 :]

ends = {"value": 0, "error": 0, "not tried": 0}
for seed in range(CASES):
    draw = random.Random(seed)
    value = [draw.randbytes(draw.randrange(9)) * draw.randrange(1, 900), (seed, "x" * 200)]
    whole = marshal.dumps(value)
    options = {zstd.CompressionParameter.checksum_flag: seed % 2}
    frame = zstd.compress(whole, options=options)
    assert _hpcpy_bundle.loads(frame) == value
    wrong = damaged(draw, frame)
    try:
        found = plain(wrong)
    except (ValueError, EOFError, zstd.ZstdError):
        found = None
    if found is not None and found != whole:
        ends["not tried"] += 1
        continue
    try:
        is_right = _hpcpy_bundle.loads(wrong) == value
        ends["value"] += 1
        assert is_right and found == whole, seed
    except (ValueError, EOFError, TypeError) as error:
        ends["error"] += 1
        assert found is None, (seed, error)
print(ends["error"] > 1000, sum(ends.values()))
"""


def test_random_damage_is_an_error_and_no_crash() -> None:
    assert said(PROGRAM) == ["True", "4000"]
