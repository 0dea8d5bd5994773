"""``hpcpy outdated``: list newer versions of each pin, and whether they can be fetched."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from hpcpy import paths
from hpcpy.errors import UnavailableError, UsageError
from hpcpy.fetch.many import THREADS
from hpcpy.lock import pinned
from hpcpy.lock.archive import Pool
from hpcpy.lock.ask import Questions
from hpcpy.lock.index import Index
from hpcpy.lock.newer import Pin, examine
from hpcpy.lock.upstream import Upstream


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="a pin of env/ (default: all)")
    parser.add_argument("--json", action="store_true", help="write all of them as JSON")


def main(options: argparse.Namespace) -> int:
    """Tell what is newer than the named pins, all by default.

    Returns
    -------
    int
        0, whether there is anything newer or not.

    Raises
    ------
    UsageError
        For a name that is not pinned.
    UnavailableError
        When no registry answers.
    """
    questions = Questions()
    indexed = Index(questions, (sys.executable, paths.VENV / "bin" / "python"))
    upstream = Upstream(questions, indexed, pinned.best, Pool().files)
    pins = [
        *pinned.of_sources(upstream),
        *pinned.of_wheels(indexed),
        *pinned.of_debian(),
        pinned.of_shifter(),
    ]
    if options.names:
        pins = _named(pins, options.names)
    _examine(questions, pins)
    if all(pin.unknown for pin in pins):
        raise UnavailableError(
            f"nothing could be asked for: {pins[0].unknown}",
            hint="configure pip for an index and apt for a mirror, or try again later",
        )
    print(_as_json(pins) if options.json else "\n".join(_as_table(pins)))
    return 0


def _named(pins: Sequence[Pin], names: Sequence[str]) -> list[Pin]:
    known = {pin.name for pin in pins}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else "see env/"
            raise UsageError(f"no pin {name!r}", hint=hint)
    return [pin for pin in pins if pin.name in names]


def _examine(questions: Questions, pins: Sequence[Pin]) -> None:
    is_terminal = sys.stderr.isatty()
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for number, _ in enumerate(pool.map(lambda pin: examine(questions, pin), pins), 1):
                if is_terminal:
                    text = f"\r   …     outdated: {number} of {len(pins)} pins\x1b[K"
                    print(text, end="", file=sys.stderr, flush=True)
        except BaseException:
            # Ctrl-C does not wait for hundreds of answers.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        finally:
            if is_terminal:
                print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _as_json(pins: Sequence[Pin]) -> str:
    entries = [
        {
            "lock": pin.lock,
            "name": pin.name,
            "version": pin.version,
            "asked": pin.asked,
            "unknown": pin.unknown,
            "newer": [asdict(one) for one in pin.found],
        }
        for pin in pins
    ]
    return json.dumps({"pins": entries}, indent=1)


def _as_table(pins: Sequence[Pin]) -> Iterator[str]:
    rows = [
        (
            pin.lock,
            pin.name,
            pin.version,
            one.version,
            f"cannot be fetched: {one.refusal}" if one.refusal else "can be fetched",
            f"({pin.asked})" if pin.asked else "",
        )
        for pin in pins
        for one in pin.found
    ]
    if rows:
        rows.insert(0, ("lock", "pin", "pinned", "newer", "", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(4)] if rows else []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join([*cells, *(cell for cell in row[4:] if cell)]).rstrip()
    # Together where a whole registry is silent.
    reasons: dict[tuple[str, str], list[str]] = {}
    for pin in pins:
        if pin.unknown:
            reasons.setdefault((pin.lock, pin.unknown), []).append(pin.name)
    for (lock, reason), names in reasons.items():
        which = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        yield f"{lock}  {which}  could not be checked: {reason}"
    behind = sum(bool(pin.found) for pin in pins)
    unknown = sum(bool(pin.unknown) for pin in pins)
    count = f"{len(pins)} pin" + ("" if len(pins) == 1 else "s")
    yield f"{count}: {behind} have newer versions, {unknown} could not be checked"
