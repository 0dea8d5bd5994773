"""What an extension of numba's does, by kind: its file, edited, and what a cached `f` answers.

A row has what the program has before `f`, what `f` returns of its argument, 1 or `argument`,
what the extension's file has, and by edits of that, which replace `{}`, the answers.  The
program imports what its arguments name.
"""

EXTENSION = """
import math, operator, numba, numpy as np
from numba import njit, types
from numba.core import cgutils, imputils
from numba.core.typing import templates
from numba.extending import *
from numba.extending import (
    as_numba_type, infer_getattr, lower_cast, lower_getattr, overload_classmethod
)
from numba.core.typing.templates import infer_global
"""
PROGRAM = """
import importlib, math, sys
import numpy as np, numba
from numba import njit, types
for name in sys.argv[1:]: globals()[name] = importlib.import_module(name)
{}
@njit(cache=True)
def f(x): return {}
answer = f(globals().get("argument", 1))
print(getattr(answer, "n", answer), sum(f.stats.cache_hits.values()))
"""

# A type of the user's own, the box of a number, made as numba's manual says.
OWN = """
class Own:
    def __init__(self, n, m=0): self.n, self.m = n, m
class OwnType(types.Type):
    def __init__(self): super().__init__("Own")
own_type = OwnType()
typeof_impl.register(Own)(lambda value, context: own_type)
@register_model(OwnType)
class OwnModel(models.StructModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, [("n", types.int64), ("m", types.int64)])
make_attribute_wrapper(OwnType, "n", "n")
@unbox(OwnType)
def unbox_own(kind, value, c):
    own = cgutils.create_struct_proxy(kind)(c.context, c.builder)
    for name in ("n", "m"):
        part = c.pyapi.object_getattr_string(value, name)
        setattr(own, name, c.pyapi.long_as_longlong(part))
        c.pyapi.decref(part)
    return NativeValue(own._getvalue())
@imputils.lower_constant(OwnType)
def constant(context, builder, kind, value):
    own = cgutils.create_struct_proxy(kind)(context, builder)
    own.n = context.get_constant(types.int64, value.n)
    own.m = context.get_constant(types.int64, value.m)
    return own._getvalue()
"""
KINDS: dict[str, tuple[str, str, str, dict[str, float]]] = {
    # Code that numba compiles in place of something.
    "an overload of a function": (
        "from ext import foo", "foo(x)",
        "def foo(x): pass\n@overload(foo)\ndef _(x): return lambda x: x + {}",
        {"1": 2, "2": 3},
    ),
    "an overloaded method": (
        "", "np.ones(3).zork() + x",
        "@overload_method(types.Array, 'zork')\ndef _(a): return lambda a: {}",
        {"1": 2, "2": 3},
    ),
    "a function registered as jitable": (
        "from ext import foo", "foo(x)", "@register_jitable\ndef foo(x): return x + {}",
        {"1": 2, "2": 3},
    ),
    "an intrinsic": (
        "from ext import foo", "foo(x)",
        "@intrinsic\ndef foo(context, x):\n    def generate(context, builder, of, values):\n"
        "        return builder.add(values[0], values[0].type({}))\n"
        "    return types.int64(types.int64), generate",
        {"1": 2, "2": 3},
    ),
    "a dispatcher": (
        "from ext import foo", "foo(x)", "@njit\ndef foo(x): return x + {}", {"1": 2, "2": 3},
    ),
    "a stencil": (
        "from ext import foo", "int(foo(np.ones(3))[1]) + x",
        "@numba.stencil\ndef foo(a): return a[-1] * {}", {"1": 2, "2": 3},
    ),
    "a jitclass": (
        "from ext import Foo", "Foo(x).by()",
        "@numba.experimental.jitclass([('n', types.int64)])\nclass Foo:\n"
        "    def __init__(self, n): self.n = n\n    def by(self): return self.n + {}",
        {"1": 2, "2": 3},
    ),
    "a global variable": (
        "", "ext.N + x", "N = {}", {"1": 2, "2": 3},
    ),
    # What Python runs while numba compiles.
    "a value that an overload reads": (
        "from ext import foo", "foo(x)",
        "import types as python\nheld = python.SimpleNamespace(n=[{}])\ndef foo(x): pass\n"
        "@overload(foo)\ndef _(x):\n    n = held.n[0]\n    return lambda x: x + n",
        {"1": 2, "2": 3},
    ),
    "a rewrite": (
        "", "x + 1",
        "from numba.core import ir\nfrom numba.core.rewrites import Rewrite, register_rewrite\n"
        "@register_rewrite('before-inference')\nclass Ours(Rewrite):\n"
        "    def match(self, func_ir, block, typemap, calltypes):\n"
        "        if func_ir.func_id.func_name != 'f': return False\n"
        "        self.block = block\n"
        "        return any(c.value == 1 for c in self.constants())\n"
        "    def constants(self):\n"
        "        return [a.value for a in self.block.find_insts(ir.Assign)\n"
        "                if isinstance(a.value, ir.Const)]\n"
        "    def apply(self):\n        new = self.block.copy()\n"
        "        for a in new.find_insts(ir.Assign):\n"
        "            if isinstance(a.value, ir.Const): a.value = ir.Const({}, a.loc)\n"
        "        return new",
        {"2": 3, "3": 4},
    ),
    "a compiler of its own": (
        "from ext import foo", "foo(x)",
        "from numba.core import compiler, ir\n"
        "from numba.core.compiler_machinery import FunctionPass, register_pass\n"
        "from numba.core.untyped_passes import IRProcessing\n"
        "@register_pass(mutates_CFG=False, analysis_only=False)\nclass Ours(FunctionPass):\n"
        "    _name = 'ours'\n    def __init__(self): FunctionPass.__init__(self)\n"
        "    def run_pass(self, state):\n"
        "        for block in state.func_ir.blocks.values():\n"
        "            for a in block.find_insts(ir.Assign):\n"
        "                if isinstance(a.value, ir.Const): a.value = ir.Const({}, a.loc)\n"
        "        return True\n"
        "class Compiler(compiler.CompilerBase):\n    def define_pipelines(self):\n"
        "        made = compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)\n"
        "        made.add_pass_after(Ours, IRProcessing)\n        made.finalize()\n"
        "        return [made]\n"
        "@njit(pipeline_class=Compiler)\ndef foo(x): return x + 7",
        {"2": 3, "3": 4},
    ),
    # Types, models and lowerings.
    "a lowering of a callable": (
        "from ext import foo", "foo(x)",
        "def foo(x): pass\n@type_callable(foo)\ndef _(context): return lambda x: types.int64\n"
        "@lower_builtin(foo, types.int64)\ndef _(context, builder, of, values):\n"
        "    return builder.add(values[0], values[0].type({}))",
        {"1": 2, "2": 3},
    ),
    "a template of its own": (
        "from ext import foo", "foo(x)",
        "from numba.core.typing.templates import ConcreteTemplate, infer_global, signature\n"
        "def foo(x): pass\n@infer_global(foo)\nclass _(ConcreteTemplate):\n"
        "    cases = [signature(types.{}, types.int64)]\n"
        "@lower_builtin(foo, types.int64)\ndef _(context, builder, of, values):\n"
        "    return context.get_constant(types.{}, 300)",
        {"int64": 300, "uint8": 44},
    ),
    "a constant of a type": (
        "from ext import own", "own.n + x", OWN + "own = Own({})", {"2": 3, "3": 4},
    ),
    "an argument's unboxing": (
        "argument = ext.Own(2, 3)", "x.n + 1",
        OWN.replace('object_getattr_string(value, name)', 'object_getattr_string(value, "{}")'),
        {"n": 3, "m": 4},
    ),
    "a result's boxing": (
        "argument = ext.Own(2, 3)", "x",
        OWN + "@box(OwnType)\ndef box_own(kind, value, c):\n"
        "    own = cgutils.create_struct_proxy(kind)(c.context, c.builder, value)\n"
        "    return c.pyapi.long_from_longlong(own.{})",
        {"n": 2, "m": 3},
    ),
    "a cast": (
        "from ext import Own, taken\nown = Own(2, 3)", "taken(own) + x",
        OWN + "@lower_cast(OwnType, types.int64)\n"
        "def _(context, builder, of, to, value):\n"
        "    return context.get_constant(types.int64, {})\n"
        "OwnType.can_convert_to = lambda *_: numba.core.typeconv.Conversion.safe\n"
        "def taken(x): pass\n"
        "@infer_global(taken)\nclass _(templates.ConcreteTemplate):\n"
        "    cases = [templates.signature(types.int64, types.int64)]\n"
        "@lower_builtin(taken, types.int64)\ndef _(context, builder, of, values):\n"
        "    return values[0]",
        {"1": 2, "2": 3},
    ),
    "the type of a value": (
        "from ext import held", "held.part + x",
        "class Held: pass\nheld = Held()\n"
        "class A(types.Dummy): pass\nclass B(types.Dummy): pass\n"
        "for kind in (A, B): register_model(kind)(models.OpaqueModel)\n"
        "overload_attribute(A, 'part')(lambda held: lambda held: 0)\n"
        "overload_attribute(B, 'part')(lambda held: lambda held: 1)\n"
        "typeof_impl.register(Held)(lambda value, context: {}('held'))",
        {"A": 1, "B": 2},
    ),
    "the fields of a structref": (
        "from ext import Foo", "Foo(x, 5).a",
        "from numba.experimental import structref\n@structref.register\n"
        "class FooType(types.StructRef): pass\nclass Foo(structref.StructRefProxy): pass\n"
        "structref.define_proxy(Foo, FooType, {})",
        {"['a', 'b']": 1, "['b', 'a']": 5},
    ),
}  # fmt: skip
