"""Lists of words as people write them: one a line, `term` or `term = reason`. Pure.

The panel shows a list in chunks that fit a form, and takes them back. A line that cannot be read is
told with its number, and then nothing of the text counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.policy.document_faults import NO_WORDS, REASON_CHARS_MAX, TERM_CHARS_MAX
from bot.policy.screening import Term, is_wordless

#: What a form of Discord's holds.
CHUNK_CHARS = 4000
_NO_TERM = "there is nothing before the ="
#: The first `=` that is not written as `\=`.
_EQUALS = re.compile(r"(?<!\\)=")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFault:
    """A line that cannot be taken, counted from 1, and why."""

    line: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TermChunk:
    """Terms from `start` to before `stop`, as the text of a form."""

    start: int
    stop: int
    text: str


def line_of(term: Term) -> str:
    """A term as it is written."""
    text = term.text.replace("=", r"\=")
    return f"{text} = {term.reason}" if term.reason else text


def chunks_of(terms: Sequence[Term]) -> list[TermChunk]:
    """The whole list in pieces that each fit a form; an empty list has none."""
    chunks: list[TermChunk] = []
    start, lines, used = 0, list[str](), 0
    for at, line in enumerate(map(line_of, terms)):
        if lines and used + len(line) > CHUNK_CHARS:
            chunks.append(TermChunk(start=start, stop=at, text="\n".join(lines)))
            start, lines, used = at, [], 0
        lines.append(line)
        used += len(line) + 1
    if lines:
        chunks.append(TermChunk(start=start, stop=len(terms), text="\n".join(lines)))
    return chunks


def read_lines(text: str) -> tuple[list[Term], list[LineFault]]:
    """The terms of a text, in its order, and the lines that are none."""
    terms: list[Term] = []
    faults: list[LineFault] = []
    for number, line in enumerate(text.splitlines(), 1):
        term = _term_of(line)
        why = term and (fault_of(term) if term.text else _NO_TERM)
        if why:
            faults.append(LineFault(line=number, why=why))
        elif term:
            terms.append(term)
    return terms, faults


def _term_of(line: str) -> Term | None:
    """None for an empty line."""
    if not line.strip():
        return None
    term, *reason = _EQUALS.split(line, maxsplit=1)
    return Term(text=_tidy(term).replace(r"\=", "="), reason=_tidy("".join(reason)))


def _tidy(text: str) -> str:
    return " ".join(text.split())


def fault_of(term: Term) -> str | None:
    """Why a term cannot be on a list, None if it can."""
    if len(term.text) > TERM_CHARS_MAX:
        return f"a word or phrase has at most {TERM_CHARS_MAX} characters"
    if len(term.reason) > REASON_CHARS_MAX:
        return f"a reason has at most {REASON_CHARS_MAX} characters"
    if is_wordless(term.text):
        return f"nothing of it can be found in a prompt: {NO_WORDS}"
    if not (term.text + term.reason).isprintable():
        return "there is an invisible character in it"
    return None


def replaced(terms: Sequence[Term], chunk: TermChunk, new: Sequence[Term]) -> tuple[Term, ...]:
    """The list with other terms where the chunk was; what follows from a known term stays."""
    effects = {term.text: term.effect for term in terms}
    kept = [replace(t, effect=effects[t.text]) if t.text in effects else t for t in new]
    return unique([*terms[: chunk.start], *kept, *terms[chunk.stop :]])


def unique(terms: Sequence[Term]) -> tuple[Term, ...]:
    """Each term once, whatever its case: the first one stands."""
    first: dict[str, Term] = {}
    for term in terms:
        first.setdefault(term.text.casefold(), term)
    return tuple(first.values())
