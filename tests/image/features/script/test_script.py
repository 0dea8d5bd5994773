"""A script that ends in `.py` is not looked at as a folder or a zip file."""

import sysconfig
import venv
from pathlib import Path

from running import run


def test_nobody_asks_whether_a_script_is_a_folder_or_a_zip_file(tmp_path: Path) -> None:
    folder = tmp_path / "environment"
    venv.create(folder, symlinks=True, with_pip=False)
    site = folder / "lib" / Path(sysconfig.get_path("stdlib")).name / "site-packages"
    (site / "record.pth").write_text(
        "import sys; sys.asked = []; sys.path_hooks.insert(0, sys.asked.append)\n"
    )
    answers = {}
    for name in ("script.py", "script"):
        script = tmp_path / name
        script.write_text("import sys; print(__file__ in sys.asked)")
        command = [folder / "bin/python", script]
        done = run(*command, check=True)
        answers[name] = done.stdout.strip()
    # Elsewhere both are asked about.
    assert answers == {"script.py": "False", "script": "True"}
