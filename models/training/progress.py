"""What a training says on the terminal while it runs.

Called by the commands that train. It must not know what is trained.
"""

from __future__ import annotations

import shutil
import sys


class Progress:
    """Lines on the terminal; those that only count up take the place of the one before."""

    _COUNTING = ("step ", "latents of ")

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._open = False

    def say(self, line: str) -> None:
        """Show a line: counting ones on stderr and only where somebody watches."""
        if not line.startswith(self._COUNTING):
            self.end()
            print(line, flush=True)
        elif self._live:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{line[:width]:<{width}}", end="", file=sys.stderr, flush=True)
            self._open = True

    def end(self) -> None:
        """Leave the counting line as it is and go to the next."""
        if self._open:
            print(file=sys.stderr)
            self._open = False
