"""What the page's scripts decide, tested by node's own test runner: the `*.test.js` beside this."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def node() -> str:
    """The node of the dev extras, or else the machine's."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which("node", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    assert found is not None, 'needs node: pip install -e ".[dev]" brings one'
    return found


def test_the_tests_of_the_pages_scripts_pass() -> None:
    tests = sorted(str(path) for path in HERE.glob("*.test.js"))
    assert tests
    # The page's folder is served as it is, so it has no package.json to declare modules.
    quiet = "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON"
    command = [node(), quiet, "--test-reporter=tap", "--test", *tests]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "# fail 0" in ran.stdout, ran.stdout
