"""What the code image is made of, without an interpreter that has one."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from small_bundle import FEATURES

_FACTS = {
    "state": 32,
    "PyASCIIObject": 40,
    "PyCompactUnicodeObject": 56,
    "version": sys.hexversion,
    "pointer": 8,
}


def layout_of(**changes: int) -> Any:
    from codeimage.layout import Layout

    return Layout("".join(f"{name} {value}\n" for name, value in {**_FACTS, **changes}.items()))


def test_headers_of_another_python_are_refused() -> None:
    with pytest.raises(ValueError, match="the headers are those of Python"):
        layout_of(version=sys.hexversion + 1)


def test_the_interpreters_part_hashes_names_the_same_way(tmp_path: Path) -> None:
    from codeimage.names import name_hash

    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc here; install one: apt-get install gcc")
    own = re.search(
        r"^static uint32_t name_hash\(.*?^}$",
        (FEATURES / "code_image/code_image.c").read_text(),
        re.MULTILINE | re.DOTALL,
    )
    assert own
    (tmp_path / "main.c").write_text(f"""
        #include <stdint.h>
        #include <stdio.h>
        #include <string.h>
        {own[0]}
        int main(int count, char **names)
        {{
            for (int i = 1; i < count; i++)
                printf("%u\\n", name_hash(names[i], strlen(names[i])));
        }}
        """)
    subprocess.run([gcc, "main.c", "-o", "main"], cwd=tmp_path, check=True)
    names = ["", "a", "__init__", "größe", "eight888", "a_name_of_more_than_sixteen"]
    done = subprocess.run([tmp_path / "main", *names], capture_output=True, text=True, check=True)
    assert [*map(int, done.stdout.split())] == [name_hash(name.encode()) for name in names]


def test_fields_are_read_and_written() -> None:
    layout = layout_of(field=8)
    raw = bytearray(24)
    layout.set_word(raw, "field", -1)
    assert bytes(raw) == bytes(8) + b"\xff" * 8 + bytes(8)
    assert layout.pointer(raw, "field") == 2**64 - 1


def test_the_object_file_links_and_its_pointers_are_right(tmp_path: Path) -> None:
    from codeimage.elf import Relocations, object_file

    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc here; install one: apt-get install gcc")
    pointers = Relocations(["outside"])
    pointers.add(0, None, 24)
    pointers.add(8, "outside", 4)
    (tmp_path / "image.o").write_bytes(object_file("image", bytes(24) + b"inside\0", pointers))
    (tmp_path / "main.c").write_text("""
        #include <stdio.h>
        const char outside[] = "not outside";
        extern struct { const char *in, *out; } image;
        int main(void) { return printf("%s %s\\n", image.in, image.out) < 0; }
        """)
    command = [gcc, "-no-pie", "-Wall", "-Werror", "main.c", "image.o", "-o", "main"]
    subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True)
    assert done.stdout == "inside outside\n"


def test_each_name_is_found_in_the_table() -> None:
    from codeimage.names import name_hash, name_tables
    from codeimage.objects import Node

    layout = layout_of()
    texts = [f"name_{number}" for number in range(300)] + ["größe", "имя", "𝒳", "a"]
    order = []
    for place, text in enumerate(texts):
        width = 1 if max(map(ord, text)) < 0x100 else 2 if max(map(ord, text)) < 0x10000 else 4
        data = {1: text.encode("latin-1", "replace"), 2: text.encode("utf-16-le")}.get(width)
        head = 40 if text.isascii() else 56
        raw = bytearray(head) + (data or text.encode("utf-32-le")) + bytes(width)
        order.append(Node(str, raw, text=text, place=4096 + 64 * place))
    slots = 1024
    table, bits = name_tables(layout, order, slots)
    numbers = struct.unpack(f"<{slots}I", table)
    for node in order:
        head = 40 if node.text and node.text.isascii() else 56
        width = (len(node.raw) - head) // (len(node.text or "") + 1)
        wanted = name_hash(bytes(node.raw[head : len(node.raw) - width]))
        assert bits[wanted % (2 * slots) // 8] >> wanted % 8 & 1
        at = wanted % slots
        while numbers[at] & 0xFFFFFF != node.place // 8:
            assert numbers[at]
            at = (at + 1) % slots
    assert sum(map(bool, numbers)) == len(texts)


def test_an_image_that_is_too_large_for_its_table_is_refused() -> None:
    from codeimage.names import name_tables
    from codeimage.objects import Node

    node = Node(str, bytearray(40) + b"name\0", text="name", place=8 << 24)
    with pytest.raises(ValueError, match="larger than"):
        name_tables(layout_of(), [node], 16)


def test_the_training_tells_what_runs() -> None:
    from codeimage.seen import Training

    seen = {
        "loaded": ["/lib/early.py", "/lib/late.py"],
        "start": ["/lib/early.py"],
        "started": [["/lib/early.py", "used", 1]],
        "run": [["/lib/late.py", "used", 1]],
        "run later": [["/lib/late.py", "unused", 4]],
        "start names": ["path"],
        "names": ["path", "shape"],
    }
    training = Training.of(seen, ["<frozen start>"])
    assert list(training.files) == ["<frozen start>", "/lib/early.py", "/lib/late.py"]
    text = "def used():\n    pass\n\ndef unused():\n    pass\n"
    early, late = (compile(text, f"/lib/{name}.py", "exec") for name in ("early", "late"))
    used, unused = (code for code in late.co_consts if isinstance(code, CodeType))
    assert training.starts(early)
    assert training.has_run(early)
    assert [training.starts(code) for code in early.co_consts if isinstance(code, CodeType)] == [
        True,
        False,
    ]
    assert not training.has_run(late)
    assert not training.starts(used)
    assert training.has_run(used)
    assert not training.has_run(unused)
    assert training.runs_later(unused)
