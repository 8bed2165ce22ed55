"""What the page's scripts decide, tested by node's own test runner: the `*.test.js` beside this."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def find_node() -> str:
    """The node of the dev extras, or else the machine's."""
    bin_folder = str(Path(sys.executable).parent)
    path = shutil.which("node", path=os.pathsep.join([bin_folder, os.environ.get("PATH", "")]))
    assert path is not None, 'needs node: pip install -e ".[dev]" brings one'
    return path


def test_the_tests_of_the_pages_scripts_pass() -> None:
    tests = sorted(str(path) for path in HERE.glob("*.test.js"))
    assert tests
    # The page's folder is served as it is, so it has no package.json to declare modules.
    no_warning = "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON"
    command = [find_node(), no_warning, "--test-reporter=tap", "--test", *tests]
    process = subprocess.run(command, check=False, capture_output=True, text=True)
    assert process.returncode == 0, process.stdout + process.stderr
    assert "# fail 0" in process.stdout, process.stdout
