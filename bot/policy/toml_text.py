"""TOML of a server's policy as text: how values are written, and what is not even parsed.

Called by `document`. Pure. The parser of the standard library takes memory that grows with the
square of a key's dots, and recurses with brackets, so a file from outside is measured first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from bot.words import documents as words
from bot.words.speaking import number

#: A file that is larger is not looked at.
BYTES_MAX = 2 * 1024 * 1024
_LINE_CHARS_MAX, _LINES_MAX, _SIGNS_MAX, _DEPTH_MAX, _DOTS_MAX = 4096, 100_000, 300_000, 8, 8
#: Strings and comments, which hold no structure; then the signs that do. No part gives back what
#: it took, so it is one pass.
_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*+"{0,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*+'{0,5}"
    r'|"(?:[^"\\\n]|\\.)*+"?|\'[^\'\n]*+\'?|\#[^\n]*+|[.=,{}\[\]\n]',
    re.DOTALL,
)


def fault_of_form(text: str) -> str | None:
    """Why a text cannot be a policy, from its form alone; None if it is safe to parse."""
    if text.count("\n") > _LINES_MAX:
        return words.TOO_MANY_LINES(most=number(_LINES_MAX))
    long = next(
        (at for at, line in enumerate(text.split("\n"), 1) if len(line) > _LINE_CHARS_MAX), None
    )
    if long is not None:
        return words.LONG_LINE(line=long, most=number(_LINE_CHARS_MAX))
    return _fault_of_structure(text)


def _fault_of_structure(text: str) -> str | None:
    line, dots, depth = 1, 0, 0
    for count, token in enumerate(_TOKEN.finditer(text)):
        sign = token[0]
        line += sign.count("\n")
        dots = 0 if sign == "\n" else dots + (sign == ".")
        depth += (sign in "[{") - (sign in "]}")
        if dots > _DOTS_MAX or depth > _DEPTH_MAX:
            return words.NESTED(line=line)
        if count > _SIGNS_MAX:
            return words.TOO_MANY_VALUES()
    return None


def quoted(text: str) -> str:
    """A text as a basic string."""
    # JSON's escapes are TOML's too, and TOML wants one more.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def key(name: str) -> str:
    """A key, quoted where it must be."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else quoted(name)


def listed(values: Iterable[str | int]) -> str:
    """A list, one value a line if there are several."""
    written = [quoted(value) if isinstance(value, str) else str(value) for value in values]
    if len(written) < 2:
        return f"[{', '.join(written)}]"
    return "[\n" + "".join(f"    {value},\n" for value in written) + "]"


def comment(text: str) -> str:
    """Lines of comment; what could end one is left out."""
    clean = "".join(c if c.isprintable() or c == "\n" else " " for c in text)
    return "".join(f"# {line}".rstrip() + "\n" for line in clean.splitlines())
