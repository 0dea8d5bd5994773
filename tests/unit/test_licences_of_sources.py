"""What is linked into the interpreter may be redistributed with it.

Everything that is built from source counts as linked in: its licences are all permissive today,
and one line here has to change when that ends.
"""

import re

from hpcpy.pins.model import sources

# A choice between a permissive licence and one of the GPL is none of the GPL.
CHOICE = re.compile(r"\(BSD-\d-Clause OR GPL-[\w.-]+\)")


def test_no_source_has_a_licence_with_copyleft() -> None:
    left = {name: CHOICE.sub("", source.licence) for name, source in sources().items()}
    assert {name: licence for name, licence in left.items() if "GPL" in licence} == {}
    assert all(source.licence for source in sources().values())
