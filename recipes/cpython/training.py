"""What the first CPython runs, so that the second one's compiler knows which code is hot.

Work as pyperformance has it, most of it by the standard library's own Python, and starts.
Nothing depends on the time, a random number or a thread: two builds have the same bytes.
"""

import _pydecimal
import ast
import asyncio
import copy
import dataclasses
import difflib
import dis
import fractions
import io
import itertools
import json
import pickle
import pprint
import re
import statistics
import subprocess
import sys
import textwrap
import tokenize
from collections import Counter, OrderedDict, deque
from pathlib import Path

NAMES = ("argparse", "dataclasses", "enum", "functools", "inspect", "typing")
SOURCES = [(Path(ast.__file__).parent / f"{name}.py").read_text() for name in NAMES]
IMPORTS = """asyncio, concurrent.futures, csv, ctypes, email.message, http.client, logging, pdb,
 multiprocessing.pool, platform, shutil, sqlite3, ssl, tarfile, tempfile, tomllib, unittest.mock,
 urllib.request, uuid, xml.etree.ElementTree, zipfile""".replace("\n", "")


@dataclasses.dataclass
class Body:
    place: list
    speed: list

    def move(self, seconds):
        for axis, speed in enumerate(self.speed):
            self.place[axis] += seconds * speed


def numbers():
    bodies = [Body([n, n + 1.0], [1.0, 0.5]) for n in range(40)]
    for _ in range(100):
        for one, two in itertools.combinations(bodies, 2):
            square = sum((a - b) ** 2 for a, b in zip(one.place, two.place)) + 0.01
            one.speed[0] -= 0.01 / square
            two.speed[0] += 0.01 / square
        for body in bodies:
            body.move(0.01)
    [[abs(complex(x, y) ** 2 - 1j) > 2 for x in range(150)] for y in range(150)]
    sieve = bytearray([1]) * 200_000
    for n in range(2, 450):
        if sieve[n]:
            sieve[n * n :: n] = bytes(len(range(n * n, 200_000, n)))
    big = 1
    for n in range(1, 800):
        big = big * n + n // 3
    str(big), pow(3, big % 99991, 10**30 + 57)
    sum((fractions.Fraction(1, n) for n in range(1, 150)), fractions.Fraction())
    sum((_pydecimal.Decimal(1) / n for n in range(1, 200)), _pydecimal.Decimal())
    statistics.linear_regression(range(3000), [n * n / 7 for n in range(3000)])


def calls():
    def fibonacci(n):
        return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

    def sums():
        total = 0
        while True:
            total += yield total

    fibonacci(22)
    generator = sums()
    next(generator)
    for n in range(30_000):
        generator.send(n)
        first, *rest = (n, n + 1, n)
        first, rest[0] = rest[0], first
        try:
            {}[n]
        except KeyError as error:
            isinstance(error, OSError)

    async def tree(depth):
        await asyncio.sleep(0)
        return 1 if not depth else sum(await asyncio.gather(*(tree(depth - 1) for _ in range(4))))

    asyncio.run(tree(5))


def containers():
    words = re.findall(r"\w+", "".join(SOURCES))
    common = Counter(words).most_common()
    sorted((len(word), -count, word) for word, count in common)
    {word: len(word) for word in words} and {*words} & {word.lower() for word in words}
    queue, ordered = deque(words), OrderedDict.fromkeys(words)
    for word in words:
        queue.rotate()
        ordered.move_to_end(word)
    [p for p in itertools.permutations(range(7)) if len({p[i] + i for i in p}) == 7]
    document = [{"id": n, "name": f"ä{n}", "tags": [*"ab", None], "x": n / 7} for n in range(1500)]
    for _ in range(4):
        assert json.loads(json.dumps(document)) == pickle.loads(pickle.dumps(document))
        json.dumps(document, indent=1, sort_keys=True)
        copy.deepcopy(document)
    pickle.loads(pickle._dumps(document))
    pprint.pformat(document[:300])


def texts():
    for source in SOURCES:
        for line in source.splitlines():
            " ".join(word.upper().ljust(8) for word in line.split(" ") if word.isidentifier())
            f"{len(line):>5} {line!r:.40}", "%s of %r" % (line.partition("=")[2], line)
        ast.unparse(ast.parse(source))
        list(dis.get_instructions(compile(source, "", "exec")))
        list(tokenize.generate_tokens(io.StringIO(source).readline))
        textwrap.fill(source[:20_000])
        for pattern in (r"(\w+)\((.*?)\)", r"^\s*def (\w+)", r"[aeiou]{2,}", r"(?i)class|return"):
            re.sub(re.compile(pattern, re.MULTILINE), lambda match: match[0][::-1], source)
            re.purge()
    list(difflib.unified_diff(SOURCES[0].splitlines(), SOURCES[1].splitlines()))


def starts():
    for words in (["-c", ""], ["-S", "-c", ""], ["-c", f"import {IMPORTS}"]) * 4:
        subprocess.run([sys.executable, *words], check=True)


for work in (numbers, calls, containers, texts, starts) * 2:
    work()
