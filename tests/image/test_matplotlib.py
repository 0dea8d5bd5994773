"""matplotlib draws and writes where it may, and reads its styles once asked."""

from pathlib import Path

import pytest
from needed import needs

from running import python


@needs("matplotlib")
def test_matplotlib_writes_to_the_node_and_reads_settings_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)  # of an import here
    home, node = tmp_path / "home", tmp_path / "node"
    settings = home / ".config/matplotlib"
    (settings / "stylelib").mkdir(parents=True)
    (settings / "matplotlibrc").write_text("lines.linewidth: 7.5\n")
    (settings / "stylelib/mine.mplstyle").write_text("lines.linewidth: 8.5\n")
    node.mkdir()
    program = """
import matplotlib, matplotlib.font_manager, matplotlib.style
print(matplotlib.rcParams["lines.linewidth"], "mine" in matplotlib.style.available)
"""
    variables = {"TMPDIR": str(node), "HOME": str(home)}
    for elsewhere, answer in (("", "7.5 True"), (str(node), "1.5 False"), ("", "7.5 True")):
        done = python("-c", program, **variables, XDG_CONFIG_HOME=elsewhere)
        assert done.stdout.strip() == answer, done.stderr
    assert len(list(node.glob("hpcpy-*/matplotlib-*/fontlist-*.json"))) == 2
    assert sorted(path.name for path in home.rglob("*")) == [
        ".config", "matplotlib", "matplotlibrc", "mine.mplstyle", "stylelib"
    ]  # fmt: skip


@needs("matplotlib")
def test_matplotlib_reads_its_styles_when_one_is_asked_for() -> None:
    program = """
import matplotlib.pyplot as plt
print('library' in vars(plt.style))
plt.style.use('ggplot')
print(plt.rcParams['axes.facecolor'], 'bmh' in plt.style.available, len(plt.style.library) > 20)
plt.style.reload_library()
print('ggplot' in plt.style.library)
"""
    done = python("-c", program)
    assert done.stdout.split() == ["False", "#E5E5E5", "True", "True", "True"], done.stderr


@needs("matplotlib")
def test_matplotlib_reads_the_documentation_of_each_setter_once() -> None:
    program = """
import functools, hashlib, inspect, sys
asked = []
def getdoc(thing, real=inspect.getdoc):
    asked.append(thing)
    return real(thing)
inspect.getdoc = getdoc
def plain(function):
    again = lambda *given: function(*given)
    again.__wrapped__, again.cache_clear = function, lambda: None
    return again
import numpy.ma
real = functools.cache
if sys.argv[1] == "again and again":
    functools.cache = plain
import matplotlib.artist
functools.cache = real
import matplotlib.pyplot, mpl_toolkits.mplot3d
from matplotlib import _api, artist
kinds = [artist.Artist, *_api.recursive_subclasses(artist.Artist)]
told = [(kind.__qualname__, kind.set.__doc__, str(inspect.signature(kind.set))) for kind in kinds]
print(hashlib.sha256(repr(sorted(told)).encode()).hexdigest(), len(asked))
"""
    once, again = (python("-c", program, way) for way in ("once", "again and again"))
    assert (once.returncode, once.stderr) == (again.returncode, again.stderr) == (0, "")
    (same, few), (text, many) = once.stdout.split(), again.stdout.split()
    assert same == text
    assert int(few) < 4000 < int(many)
