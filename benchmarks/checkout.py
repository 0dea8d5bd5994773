"""What every benchmark begins with: the checkout's modules, its arguments, its errors."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from hpcpy.core import paths  # noqa: E402
from hpcpy.core.errors import HpcpyError  # noqa: E402
from hpcpy.core.parser import Parser  # noqa: E402
from hpcpy.core.trust import require_safe_checkout  # noqa: E402


def run(module: str) -> int:
    """Run the module that a script names, and return its exit code.

    Parameters
    ----------
    module
        Below this folder: ``declare(parser)`` adds arguments, ``main(options)`` measures.
        The first line of its docstring is the help's.
    """
    # Programs that are started import their own image's modules.
    os.environ.pop("PYTHONPATH", None)
    # As at Ctrl-C: temporary files go and child processes end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    name = Path(sys.argv[0]).name
    command = importlib.import_module(module)
    parser = Parser(prog=name, description=(command.__doc__ or "").splitlines()[0])
    command.declare(parser)
    try:
        paths.check_root()
        require_safe_checkout()
        options = parser.parse_args()
        options.words = [name, *sys.argv[1:]]
        return int(command.main(options))
    except HpcpyError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"{name}: stopped", file=sys.stderr)
        return 130
