"""Code that is laid out in the executable is code like any other, for tools, too."""

import textwrap
from typing import Any

import pytest

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


PROGRAMS: dict[str, tuple[Any, ...]] = {
    "each module is as marshal would load it": ("True", """
        import _imp
        # What == of code ignores.
        ignored = "co_filename", "co_qualname", "co_stacksize", "co_cellvars", "co_freevars"

        def codes(code):
            yield code
            for constant in code.co_consts:
                if isinstance(constant, type(code)):
                    yield from codes(constant)

        number = 0
        for folder in bundle.folders():
            for kind, where in folder.entries.values():
                code = bundle.laid_out(where) if isinstance(where, int) else None
                if code is None:
                    continue
                other = bundle.load(where)
                # In a moved image, an imported module's code has the new path already.
                _imp._fix_co_filename(other, code.co_filename)
                assert code == other
                for part, loaded in zip(codes(code), codes(other), strict=True):
                    names = zip(part.co_names, loaded.co_names, strict=True)
                    assert all(name is same for name, same in names), part
                    assert all(getattr(part, x) == getattr(loaded, x) for x in ignored), part
                number += 1
        print(number > 400)
        """),
    "a subinterpreter loads its own": ("[1, 2] [3]", """
        from concurrent import interpreters
        one = interpreters.create()
        one.exec('''if True:
            import sys, json.decoder, _hpcpy_code_image, collections
            assert _hpcpy_code_image.code(json.decoder.__loader__.offset) is None
            code = json.decoder.JSONDecoder.decode.__code__
            assert not sys._is_immortal(code)
            assert json.loads('{"scan_once": [1, {}]}') == {"scan_once": [1, {}]}
            ''')
        print(one.call(json.loads, "[1, 2]"), json.loads("[3]"))
        one.close()
        """),
    "sets are found in with any hash seed": ("True True", """
        def sets(code):
            for constant in code.co_consts:
                if isinstance(constant, frozenset):
                    yield constant
                elif hasattr(constant, "co_consts"):
                    yield from sets(constant)

        found = []
        for folder in bundle.folders():
            for kind, where in folder.entries.values():
                code = bundle.laid_out(where) if isinstance(where, int) else None
                if code is not None:
                    found += sets(code)
        print(len(found) > 20, all(each in one for one in found for each in list(one)))
        """, {"PYTHONHASHSEED": "1"}),
    "an object of the image answers as any other": ("[1] True", """
        import copy, dis, io
        assert ready == loaded and hash(ready) == hash(loaded)
        assert marshal.loads(marshal.dumps(ready)) == loaded
        assert list(ready.co_positions()) == list(loaded.co_positions())
        assert list(ready.co_lines()) == list(loaded.co_lines())
        assert ready.replace(co_name="other").co_name == "other" and ready.co_name == "<module>"
        assert copy.deepcopy(ready) is ready
        reference = weakref.ref(decode.__code__)
        assert reference() is decode.__code__
        assert not gc.is_tracked(ready) and not gc.is_tracked(ready.co_consts)
        assert set(gc.get_referents(ready.co_names)) == set(ready.co_names)
        for adaptive in (False, True):
            dis.dis(decode, file=io.StringIO(), adaptive=adaptive)
        gc.collect()
        before = decode.__code__
        decode.__code__ = before.replace(co_consts=before.co_consts)
        del before, reference
        gc.collect()
        print(json.loads("[1]"), sys.getrefcount(ready) > 10**9)
        """),
    "children have it too": ("0\n" + "[[1], [2]]\n" * 2 + "[[1], [2]]", """
        import multiprocessing, os
        import json.encoder
        child = os.fork()
        if not child:
            import csv
            code = csv.__loader__.get_code("csv")
            os._exit(0 if json.loads("[1]") == [1] and sys._is_immortal(code) else 1)
        print(os.waitpid(child, 0)[1])
        for way in ("fork", "forkserver", "spawn"):
            with multiprocessing.get_context(way).Pool(2) as pool:
                print(pool.map(json.loads, ["[1]", "[2]"]))
        """),
    "tracing and monitoring see it and end": ("True 0 True True True", """
        import cProfile, io, pdb
        lines = []
        def trace(frame, event, argument):
            lines.append((frame.f_code.co_name, event, frame.f_lineno))
            return trace
        for _ in range(2):
            sys.settrace(trace)
            json.loads("[1]")
            sys.settrace(None)
        events = sys.monitoring.events
        sys.monitoring.use_tool_id(1, "test")
        seen = []
        sys.monitoring.register_callback(1, events.LINE, lambda code, line: seen.append(line))
        sys.monitoring.set_local_events(1, decode.__code__, events.LINE)
        json.loads("[1]")
        sys.monitoring.set_local_events(1, decode.__code__, 0)
        json.loads("[1]")
        profile = cProfile.Profile()
        profile.runcall(json.loads, "[1]")
        said = io.StringIO()
        debugger = pdb.Pdb(stdin=io.StringIO("b json.decoder.JSONDecoder.decode\\nc\\nw\\nc\\n"),
                           stdout=said, nosigint=True, readrc=False)
        debugger.run("json.loads('[1]')", globals())
        first = decode.__code__.co_firstlineno
        print(("decode", "call", first) in lines, len(lines) % 2, len(seen) > 2,
              any(e.code is decode.__code__ for e in profile.getstats()),
              "obj, end = self.raw_decode" in said.getvalue())
        """),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_right(name: str) -> None:
    right, program, *more = PROGRAMS[name]
    assert ran(program, **dict(*more)) == right


def test_code_is_loaded_where_that_is_asked_for() -> None:
    program = "print(ready, sys._is_immortal(decode.__code__), json.loads('[1]'))"
    assert ran(program, HPCPY_CODE="marshal") == ran(program, "-O") == "None False [1]"


@pytest.mark.parametrize("seed", ["0", "random"])
def test_names_are_the_one_object_of_that_name(seed: str) -> None:
    program = """
        def made(text):
            return sys.intern("".join(list(text)))

        names = [*ready.co_names, *(n for c in ready.co_consts if hasattr(c, "co_names")
                                    for n in (*c.co_names, *c.co_varnames, c.co_name))]
        print(len(names) > 100, all(made(name) is name for name in names))
        print(made("JSONDecoder") in vars(json.decoder), getattr(decode, made("__name__")))
        print({made("memo"): 1} == {"memo": 1}, hash(made("memo")) == hash("me" + "mo"))
        """
    assert ran(program, PYTHONHASHSEED=seed) == "True True\nTrue decode\nTrue True"


@pytest.mark.parametrize("option", ["-Xdev", "-Xtracemalloc", "-B"])
def test_it_ends_well_whatever_was_done(option: str) -> None:
    program = """
        import threading
        class Weak:
            def __del__(self):
                json.loads("[1]")
        kept = [weakref.ref(decode.__code__), Weak(), decode.__code__.co_varnames]
        sys.modules["kept"] = kept
        kept.append(kept)
        setattr(sys.modules["json"], ready.co_consts[0] or "none", 1)
        for name in ready.co_consts:
            if isinstance(name, str):
                sys.intern(name)
        import numpy, numba
        threading.Thread(target=json.loads, args=("[1]",)).start()
        """
    # Objects of malloc are given back one by one.
    assert ran(program, option, PYTHONMALLOC="malloc" if option == "-B" else "") == ""
