"""Word lists as people write them: one per line, `term` or `term = reason`. Pure.

The panel shows a list in chunks that fit a form, and reads them back. An unreadable line is
reported with its number, in the current language, and then none of the text counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.policy.document_faults import REASON_CHARS_MAX, TERM_CHARS_MAX
from bot.policy.screening import Term, is_wordless
from bot.words import documents as words

#: What a form of Discord's holds.
CHUNK_CHARS = 4000
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
    """The terms of a text, in its order, and the lines that are no terms."""
    terms: list[Term] = []
    faults: list[LineFault] = []
    for number, line in enumerate(text.splitlines(), 1):
        term = _term_of(line)
        why = term and (fault_of(term) if term.text else words.NOTHING_BEFORE())
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
        return words.WORD_TOO_LONG(most=TERM_CHARS_MAX)
    if len(term.reason) > REASON_CHARS_MAX:
        return words.REASON_TOO_LONG(most=REASON_CHARS_MAX)
    if is_wordless(term.text):
        return words.WORDLESS()
    if not (term.text + term.reason).isprintable():
        return words.INVISIBLE()
    return None


def replaced(terms: Sequence[Term], chunk: TermChunk, new: Sequence[Term]) -> tuple[Term, ...]:
    """The list with new terms in place of the chunk; known terms keep their effects."""
    effects = {term.text: term.effect for term in terms}
    kept = [replace(t, effect=effects[t.text]) if t.text in effects else t for t in new]
    return unique([*terms[: chunk.start], *kept, *terms[chunk.stop :]])


def unique(terms: Sequence[Term]) -> tuple[Term, ...]:
    """Each term once, whatever its case: the first one stands."""
    first: dict[str, Term] = {}
    for term in terms:
        first.setdefault(term.text.casefold(), term)
    return tuple(first.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What a form should hold now, and which chunk of the list it stands for."""

    at: int
    text: str


def merge(before: Sequence[Term], at: int, written: str, now: Sequence[Term]) -> Merged | None:
    """Apply somebody's edit of chunk `at` of the old list to the current list.

    The lines that they removed and added are removed and added; all else stays as others made it.
    The edit goes to the chunk that has most of what they saw. None if that no longer fits a form.
    """
    seen = _lines_at(chunks_of(before), at)
    wrote = [line.strip() for line in written.splitlines() if line.strip()]
    new = [line for line in wrote if line not in seen]
    chunks = chunks_of(now)
    place = max(
        range(len(chunks)),
        key=lambda n: (len(set(seen).intersection(_lines_at(chunks, n))), -abs(n - at)),
        default=0,
    )
    gone, named = set(seen).difference(wrote), set(map(_name_of, new))
    left = [
        line
        for line in _lines_at(chunks, place)
        if line not in gone and _name_of(line) not in named
    ]
    text = "\n".join([*left, *new])
    return Merged(at=place, text=text) if len(text) <= CHUNK_CHARS else None


def _lines_at(chunks: Sequence[TermChunk], at: int) -> list[str]:
    return chunks[at].text.split("\n") if at < len(chunks) else []


def _name_of(line: str) -> str:
    term = _term_of(line)
    return term.text.casefold() if term else ""
