"""Errors whose message must be one line, because the command line prints it as one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

#: A progress bar, or the empty line that its first carriage return leaves.
_PROGRESS = re.compile(r"$|\w+: +\d+%\|")


@contextmanager
def raises_one_line(kind: type[BaseException], match: str) -> Iterator[None]:
    """Like `pytest.raises`, but the message must also be a single line."""
    with pytest.raises(kind, match=match) as caught:
        yield
    assert "\n" not in str(caught.value)


def one_line(text: str) -> str:
    """The only line of the text that is no progress bar. ValueError if there are more, or none."""
    (line,) = [line for line in text.splitlines() if not _PROGRESS.match(line)]
    return line
