"""Alternation and prompt editing: `[a|b]`, `{a|b}`, `[a:b:0.5]`, and their possible readings.

And brackets that nothing closes.

Called by `reading`. Pure. Must not know words. This project's own parser reads them as plain text;
other programs take one option after the other, and so do people.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise, product
from operator import itemgetter

_OPEN = {"[": "]", "{": "}", "(": ")", "<": ">"}
_SIGN = re.compile(r"\\.|[\[\]{}()<>|:]", re.DOTALL)
_EDITING = re.compile(r"\[[^]\[:]*+:")
_EDIT_STEP = re.compile(r"\s*+(?:\d++(?:\.\d*+)?|\.\d++)?\s*+")
#: What keeps two groups from forming a word together.
_SEPARATOR = re.compile(r"[\s,]")
#: The most combinations in which groups that form words together are read.
_COMBINED_MAX = 64
_DEPTH_MAX = 40

Span = tuple[int, int]


@dataclass(slots=True)
class _Group:
    """A bracket and where its options part."""

    start: int
    closing: str
    bars: list[int] = field(default_factory=list[int])
    colons: list[int] = field(default_factory=list[int])
    parent: _Group | None = None
    end: int = 0
    #: Where each option stands, one of them empty where something comes or goes; [] if none.
    options: list[Span] = field(default_factory=list[Span])

    @property
    def parent_start(self) -> int:
        """Where the enclosing group begins; -1 if there is none."""
        return self.parent.start if self.parent else -1

    def close(self, text: str, end: int) -> None:
        """Set where it ends, and with that its options."""
        self.end = end
        if self.bars:
            self.options = _spans_between([self.start, *self.bars, end - 1])
        elif self.closing == "]" and self.colons:
            *_, when = self.colons
            if _EDIT_STEP.fullmatch(text, when + 1, end - 1):
                nothing = [(when, when)] if len(self.colons) == 1 else []
                self.options = [*_spans_between([self.start, *self.colons]), *nothing]

    def option_at(self, place: int) -> Span | None:
        """The option that contains a place; None if none does."""
        number = bisect(self.options, place, key=itemgetter(0)) - 1
        return self.options[number] if number >= 0 and place < self.options[number][1] else None


def _spans_between(edges: list[int]) -> list[Span]:
    return [(a + 1, b) for a, b in pairwise(edges)]


def clusters(text: str) -> Iterator[tuple[int, int, list[Span]]]:
    """For each reading: where its groups begin and end, and what is left out of it.

    Groups side by side are read in all combinations, as far as they are few.
    """
    if "|" not in text and not _EDITING.search(text):
        return
    groups = [group for group in _groups(text) if group.options]
    for cluster in _adjacent_groups(text, groups):
        outer = _left_out_around(cluster[0])
        for some in _combinable(cluster):
            for combination in product(*map(_option_choices, some)):
                blanked = [span for spans in combination for span in spans]
                yield some[0].start, some[-1].end, [*outer, *blanked]


def _combinable(cluster: list[_Group]) -> Iterator[list[_Group]]:
    """Groups with few enough combinations: all of them, or every adjacent pair."""
    total = 1
    for group in cluster:
        total *= len(group.options)
        if total > _COMBINED_MAX:
            # Two groups suffice for a word in two halves.
            yield from (list(pair) for pair in pairwise(cluster))
            return
    yield cluster


def _option_choices(group: _Group) -> list[list[Span]]:
    """For each option, the parts of its group before and behind it."""
    return [_outside_option(group, option) for option in group.options]


def _outside_option(group: _Group, option: Span) -> list[Span]:
    return [(group.start, option[0]), (option[1], group.end)]


def _left_out_around(group: _Group) -> list[Span]:
    """What is left out around this group: the other options of the groups that contain it."""
    spans: list[Span] = []
    around = group.parent
    while around:
        if option := around.option_at(group.start):
            spans += _outside_option(around, option)
        around = around.parent
    return spans


def _adjacent_groups(text: str, groups: list[_Group]) -> Iterator[list[_Group]]:
    cluster: list[_Group] = []
    # What is in a group comes behind all that is beside the group.
    for group in sorted(groups, key=lambda group: (group.parent_start, group.start)):
        last = cluster[-1] if cluster else None
        if last and not _may_join(text, last, group):
            yield cluster
            cluster = []
        cluster.append(group)
    if cluster:
        yield cluster


def _may_join(text: str, last: _Group, group: _Group) -> bool:
    """Whether two groups can form a word: in one option, with no separator between them."""
    around = group.parent
    if around is not last.parent or _SEPARATOR.search(text, last.end, group.start):
        return False
    return around is None or around.option_at(last.start) == around.option_at(group.start)


def _groups(text: str) -> list[_Group]:
    """Every bracket that is closed, with the signs at its own depth."""
    found: list[_Group] = []
    stack: list[_Group] = []
    for sign in _SIGN.finditer(text):
        char, at = sign[0], sign.start()
        if char in _OPEN and len(stack) < _DEPTH_MAX:
            parent = stack[-1] if stack else None
            stack.append(_Group(start=at, closing=_OPEN[char], parent=parent))
        elif stack and char == stack[-1].closing:
            group = stack.pop()
            group.close(text, at + 1)
            found.append(group)
        elif stack and char == "|":
            stack[-1].bars.append(at)
        elif stack and char == ":":
            stack[-1].colons.append(at)
    return found


def unclosed(folded: str, opened: str, closed: str) -> list[int]:
    """Where a bracket opens and none closes it, unless a link follows."""
    stack: list[int] = []
    for bracket in re.finditer(f"[{opened}{closed}]", folded):
        if bracket[0] == opened:
            stack.append(bracket.start())
        elif stack:
            stack.pop()
    return [at for at in stack if not folded.startswith("http", at + 1)]
