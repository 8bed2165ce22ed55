r"""Completes the last word of a prompt, in place, while it is typed.

    completions("1girl, blu", glossary)   ->  1girl, blue hair · 1girl, blue eyes · ...

Round brackets in a tag are escaped as `\(` and `\)`, because brackets mean weights in a prompt.
Pure; callers filter out what a place forbids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from models.catalogue.tags.book import PRAISE, is_face, plain
from models.catalogue.tags.glossary import Fit, Glossary
from models.catalogue.tags.grasping import grasp

#: The text before the word being typed, up to where that word's blanks begin.
_BEFORE = re.compile(r"^.*(?:[,;|\n\u3001\uff0c]|(?<!\\)[(\[])\s*", re.DOTALL)
_BRACKET = re.compile(r"[()]")
#: The form of a count after a choice: a client may leave the choice's name in its box.
_COUNT = re.compile(r"\s*⟨[^⟨⟩]{1,12}⟩(?:\s+(?=,))?")
#: The most words of a sentence that may belong to one tag.
_WORDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A possible continuation; `count` is its last tag's, `by` the alias that was typed."""

    prompt: str
    tag: str
    count: float
    by: str | None = None

    @property
    def note(self) -> str:
        """How well the model knows it, for people: `⟨1.2k⟩`. `uncounted` removes it."""
        told = _short(self.count)
        return f"⟨{self.by} · {told}⟩" if self.by and len(self.by) < 7 else f"⟨{told}⟩"


def uncounted(prompt: str) -> str:
    """The prompt without the notes after completed tags."""
    return _COUNT.sub("", prompt)


def completions(prompt: str, glossary: Glossary, most: int) -> list[Completion]:
    """Continuations of the prompt, the likeliest first; empty if nothing is known.

    If no new word has begun, suggests the most common tags not said so far.
    """
    prompt = uncounted(prompt)
    head, typed = _parted(prompt)
    if not plain(typed):
        return [_completion(prompt, "", tag, glossary) for tag in _next(prompt, glossary, most)]
    for skipped, tail in _tails(typed):
        if found := _fitting(tail, glossary, most):
            before = head + skipped
            return [_made(before, tail, one) for one in found if not _is_said(one, head)]
    return []


def _parted(prompt: str) -> tuple[str, str]:
    """The finished part, and the part being typed."""
    done = _BEFORE.match(prompt)
    end = done.end() if done else 0
    return prompt[:end], prompt[end:]


def _tails(typed: str) -> Iterator[tuple[str, str]]:
    """(skipped text, candidate tag): first all of it, then shorter ends of a sentence."""
    starts = [0, *(space.end() for space in re.finditer(r"\s+", typed))]
    starts = [start for start in starts if start < len(typed)]
    whole = starts[:1] if len(starts) > _WORDS else []
    for start in (*whole, *starts[-_WORDS:]):
        yield typed[:start], typed[start:]


def _fitting(typed: str, glossary: Glossary, most: int) -> list[Fit]:
    """Tags that begin like this, or else those with a similar spelling."""
    name = plain(typed)
    if found := glossary.beginning(name, most):
        return found
    tags = glossary.book.tags
    return [Fit(text=tag, count=tags[tag].count) for tag in glossary.nearest(name, 3)]


def _is_said(found: Fit, head: str) -> bool:
    """Whether the prompt already has the tag."""
    said = {plain(part) for part in head.split(",")}
    return plain(found.text) in said


def _next(prompt: str, glossary: Glossary, most: int) -> list[str]:
    """The most common tags of groups that the prompt has not mentioned."""
    said = set(grasp(prompt, glossary).said)
    spoken = {glossary.group(tag) for tag in said} - {""}
    of_group: dict[str, int] = {}
    found: list[str] = []
    for tag in glossary.popular:
        group = glossary.group(tag)
        full = group and (group in spoken or of_group.get(group, 0) >= 3)
        if (
            group != PRAISE
            and tag not in said
            and (not full or not glossary.book.groups[group].open)
        ):
            found.append(tag)
            of_group[group] = of_group.get(group, 0) + 1
    return found[:most]


def _made(before: str, typed: str, found: Fit) -> Completion:
    return Completion(
        prompt=before + _written(found.text, typed), tag=found.text, count=found.count, by=found.by
    )


def _completion(prompt: str, typed: str, tag: str, glossary: Glossary) -> Completion:
    room = " " if prompt.rstrip().endswith(",") and not prompt.endswith(" ") else ""
    count = glossary.book.tags[tag].count
    return Completion(prompt=prompt + room + _written(tag, typed), tag=tag, count=count)


def _written(tag: str, typed: str) -> str:
    """The tag in the member's style: with underscores if the input has one."""
    spaced = tag.replace(" ", "_") if "_" in typed and not is_face(typed) else tag
    return _BRACKET.sub(r"\\\g<0>", spaced)


def _short(count: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.1f}".removesuffix(".0") + letter
    return f"{count:.0f}"
