"""What every benchmark begins with: the checkout's modules, its arguments, its errors.

It is imported first: only then are the modules of ``src`` to be found.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from hpcpy.core import paths  # noqa: E402
from hpcpy.core.trust import require_safe_checkout  # noqa: E402
from hpcpy_common.errors import HpcpyError  # noqa: E402
from hpcpy_common.options import Parser  # noqa: E402


def run(
    declare: Callable[[argparse.ArgumentParser], None],
    main: Callable[[argparse.Namespace], int],
    description: str | None,
) -> int:
    """Run a benchmark, and return its exit code: `declare` adds arguments, `main` measures."""
    # Programs that are started import their own image's modules.
    os.environ.pop("PYTHONPATH", None)
    # As at Ctrl-C: temporary files go and child processes end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    name = Path(sys.argv[0]).name
    parser = Parser(prog=name, description=(description or "").splitlines()[0])
    declare(parser)
    try:
        paths.check_root()
        require_safe_checkout()
        return main(parser.parse_args())
    except HpcpyError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"{name}: stopped", file=sys.stderr)
        return 130
