"""The base class of the tests of the command line."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .base_tmpl import BaseTmpl

_SCRIPT = """
def fib(n):
    return 1 if n < 2 else fib(n - 1) + fib(n - 2)

fib(5)
"""
# In seconds: other programs may use the same cores.
_PATIENCE = 120


def _paths(names: str | list[str] | None) -> list[Path]:
    return [Path(name) for name in ([names] if isinstance(names, str) else names or [])]


class CmdlineTmpl(BaseTmpl):
    """Runs a command on a small script and looks at what it wrote."""

    def build_script(self, script: str, name: str = "cmdline_test.py") -> None:
        """Write the script."""
        Path(name).write_text(textwrap.dedent(script))

    def cleanup(
        self,
        output_file: str | list[str] | None = "result.json",
        script_name: str = "cmdline_test.py",
    ) -> None:
        """Remove the script and the files that it has written."""
        for path in [Path(script_name), *_paths(output_file)]:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _run(
        self, command: list[str], send_sig: object | None
    ) -> subprocess.CompletedProcess[bytes]:
        said = b""
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            if send_sig is not None:
                # A signal comes at a line of output, or after some seconds.
                number, when = send_sig if isinstance(send_sig, tuple) else (send_sig, 2)
                if isinstance(when, str):
                    while when.encode() not in (line := process.stdout.readline()) and line:  # type: ignore[union-attr]
                        said += line
                    when = 0.5
                time.sleep(when)
                process.send_signal(number)
            try:
                out, err = process.communicate(timeout=_PATIENCE)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                raise
        return subprocess.CompletedProcess(command, process.returncode, said + out, err)

    def template(
        self,
        cmd_list: list[str],
        expected_output_file: str | list[str] | None = "result.json",
        *,
        success: bool = True,
        script: str | None = _SCRIPT,
        script_name: str = "cmdline_test.py",
        expected_entries: int | None = None,
        expected_stdout: str | None = None,
        expected_stderr: str | None = None,
        cleanup: bool = True,
        check_func: Callable[[dict[str, Any]], object] | None = None,
        concurrency: str | None = None,  # noqa: ARG002  # of coverage alone
        send_sig: object | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command and check its exit code, its output and its files."""
        if script:
            self.build_script(script, script_name)
        done = self._run(cmd_list, send_sig)
        told = f"{cmd_list}: {done.returncode}\n{os.fsdecode(done.stdout + done.stderr)}"
        assert (done.returncode == 0) == success, told
        files = _paths(expected_output_file)
        if success:
            for file in files:
                self.assertFileExists(str(file), msg=told)
            if expected_entries:
                self.assertEventNumber(json.loads(files[0].read_text()), expected_entries)
        for text, pattern in ((done.stdout, expected_stdout), (done.stderr, expected_stderr)):
            if pattern is not None:
                assert re.search(pattern, text.decode()), told
        if check_func:
            for file in files:
                check_func(json.loads(file.read_text()))
        if cleanup:
            self.cleanup(expected_output_file, script_name)
        return done
