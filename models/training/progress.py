"""A training's progress on the terminal.

Called by the commands that train. Must not know what is trained.
"""

from __future__ import annotations

import shutil
import sys


class Progress:
    """Lines on the terminal; a counting line replaces the one before."""

    _COUNTING = ("step ", "latents of ")

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._line_is_open = False

    def say(self, line: str) -> None:
        """Show a line; counting lines go to stderr, and only to a terminal."""
        if not line.startswith(self._COUNTING):
            self.end()
            print(line, flush=True)
        elif self._is_terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{line[:width]:<{width}}", end="", file=sys.stderr, flush=True)
            self._line_is_open = True

    def end(self) -> None:
        """Keep the counting line and begin a new one."""
        if self._line_is_open:
            print(file=sys.stderr)
            self._line_is_open = False
