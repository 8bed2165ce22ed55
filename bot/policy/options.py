"""Alternation and prompt editing: `[a|b]`, `{a|b}`, `[a:b:0.5]`, and which readings they have.

Called by `reading`. Pure. It must not know words. This house's own parser reads them as plain text;
other programs take one option after the other, and so do people.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise, product

_OPEN = {"[": "]", "{": "}", "(": ")", "<": ">"}
_SIGN = re.compile(r"\\.|[\[\]{}()<>|:]", re.DOTALL)
_EDITING = re.compile(r"\[[^]\[:]*+:")
_WHEN = re.compile(r"\s*+(?:\d++(?:\.\d*+)?|\.\d++)?\s*+")
#: What keeps two groups from making a word together.
_APART = re.compile(r"[\s,]")
#: Groups that make words together are read in so many combinations.
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

    @property
    def within(self) -> int:
        """Where the group begins that it is in; -1 if it is in none."""
        return self.parent.start if self.parent else -1

    def cuts(self, text: str) -> list[int]:
        """Where its options part; nowhere, if it has none."""
        if self.bars and self.end:
            return self.bars
        if not (self.colons and self.closing == "]"):
            return []
        # Of a bracket that is never closed nothing is left to match.
        return self.colons if _WHEN.fullmatch(text, self.colons[-1] + 1, self.end - 1) else []

    def options(self, text: str) -> list[Span]:
        """Where each option stands, one of them empty where something comes or goes; [] if none."""
        cuts = self.cuts(text)
        if not cuts:
            return []
        if self.bars:
            return _between([self.start, *cuts, self.end - 1])
        nothing = [(cuts[0], cuts[0])] if len(cuts) == 1 else []
        return [*_between([self.start, *cuts]), *nothing]


def _between(edges: list[int]) -> list[Span]:
    return [(a + 1, b) for a, b in pairwise(edges)]


def clusters(text: str) -> Iterator[tuple[int, int, list[Span]]]:
    """For each reading: where its groups begin and end, and what is left out of it.

    Groups side by side are read in all combinations, as far as they are few.
    """
    if "|" not in text and not _EDITING.search(text):
        return
    groups = [group for group in _groups(text) if group.options(text)]
    for cluster in _side_by_side(text, groups):
        outer = _left_out_around(text, cluster[0])
        for some in _few(cluster, text):
            for combination in product(*(_choices(group, text) for group in some)):
                blanked = [span for spans in combination for span in spans]
                yield some[0].start, some[-1].end, [*outer, *blanked]


def _few(cluster: list[_Group], text: str) -> Iterator[list[_Group]]:
    """Groups whose combinations can be gone through: all, or two and two."""
    total = 1
    for group in cluster:
        total *= len(group.options(text))
        if total > _COMBINED_MAX:
            # Two are what a word of two halves needs.
            yield from (list(pair) for pair in pairwise(cluster))
            return
    yield cluster


def _choices(group: _Group, text: str) -> list[list[Span]]:
    """For each option, what stands before it and behind it in its group."""
    return [_beside(group, option) for option in group.options(text)]


def _beside(group: _Group, option: Span) -> list[Span]:
    return [(group.start, option[0]), (option[1], group.end)]


def _left_out_around(text: str, group: _Group) -> list[Span]:
    """What stands beside this group in the options that it is in."""
    spans: list[Span] = []
    around = group.parent
    while around and around.end:
        for option in around.options(text):
            if option[0] <= group.start < option[1]:
                spans += _beside(around, option)
        around = around.parent
    return spans


def _side_by_side(text: str, groups: list[_Group]) -> Iterator[list[_Group]]:
    cluster: list[_Group] = []
    # What is in a group comes behind all that is beside the group.
    for group in sorted(groups, key=lambda group: (group.within, group.start)):
        last = cluster[-1] if cluster else None
        if last and not _touch(text, last, group):
            yield cluster
            cluster = []
        cluster.append(group)
    if cluster:
        yield cluster


def _touch(text: str, last: _Group, group: _Group) -> bool:
    """Whether two groups can make a word together: in one option, with nothing that parts them."""
    around = group.parent
    if around is not last.parent or _APART.search(text, last.end, group.start):
        return False
    cuts = around.cuts(text) if around else []
    return bisect(cuts, last.start) == bisect(cuts, group.start)


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
            group.end = at + 1
            found.append(group)
        elif stack and char == "|":
            stack[-1].bars.append(at)
        elif stack and char == ":":
            stack[-1].colons.append(at)
    return found
