"""The locks that are written are read back as they were."""

import datetime
import tomllib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpcpy.lock.command import render

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
TIMES = st.datetimes(datetime.datetime(1970, 1, 2), datetime.datetime(2999, 1, 1)).map(
    lambda time: time.replace(microsecond=0, tzinfo=datetime.UTC)
)


PLAIN = st.one_of(TEXTS, st.integers(-(2**63), 2**63 - 1), TIMES, st.lists(TEXTS, max_size=3))
TABLES = st.recursive(
    st.dictionaries(TEXTS, PLAIN, min_size=1, max_size=4),
    lambda inner: st.dictionaries(TEXTS, st.one_of(PLAIN, inner), min_size=1, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TABLES)
def test_what_is_written_is_what_is_read(values: dict[str, object]) -> None:
    assert tomllib.loads(render(values, "a header\nof two lines")) == values
