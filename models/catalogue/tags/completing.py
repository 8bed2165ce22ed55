r"""Completes the last word of a prompt, in place, while it is typed.

    completions("1girl, blu", glossary)   ->  1girl, blue hair · 1girl, blue eyes · ...

Round brackets in a tag are escaped as `\(` and `\)`, because brackets mean weights in a prompt.
Pure; callers filter out what a place forbids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from models.catalogue.tags.analysing import analyse
from models.catalogue.tags.book import PRAISE, is_face, plain
from models.catalogue.tags.glossary import Glossary, TagMatch

#: The text before the word being typed, up to where that word's blanks begin.
_BEFORE = re.compile(r"^.*(?:[,;|\n\u3001\uff0c]|(?<!\\)[(\[])\s*", re.DOTALL)
_BRACKET = re.compile(r"[()]")
#: The form of a count after a choice: a client may leave the choice's name in its input box.
_COUNT = re.compile(r"\s*⟨[^⟨⟩]{1,12}⟩(?:\s+(?=,))?")
#: The most words of a sentence that may belong to one tag.
_TAG_WORDS_MAX = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A possible continuation; `count` is its last tag's, `alias` the alias that was typed."""

    prompt: str
    tag: str
    count: float
    alias: str | None = None

    @property
    def note(self) -> str:
        """How well the model knows it, for people: `⟨1.2k⟩`. `without_counts` removes it."""
        count = _short(self.count)
        return f"⟨{self.alias} · {count}⟩" if self.alias and len(self.alias) < 7 else f"⟨{count}⟩"


def without_counts(prompt: str) -> str:
    """The prompt without the notes after completed tags."""
    return _COUNT.sub("", prompt)


def completions(prompt: str, glossary: Glossary, limit: int) -> list[Completion]:
    """Continuations of the prompt, the likeliest first; empty if nothing is known.

    If no new word has begun, suggests the most common tags that it lacks.
    """
    prompt = without_counts(prompt)
    head, typed = _split_prompt(prompt)
    if not plain(typed):
        return [
            _with_tag(prompt, "", tag, glossary) for tag in _suggestions(prompt, glossary, limit)
        ]
    for skipped, tail in _tails(typed):
        if matches := _matches(tail, glossary, limit):
            before = head + skipped
            return [
                _with_match(before, tail, match)
                for match in matches
                if not _is_in_prompt(match, head)
            ]
    return []


def _split_prompt(prompt: str) -> tuple[str, str]:
    """The finished part, and the part being typed."""
    finished = _BEFORE.match(prompt)
    end = finished.end() if finished else 0
    return prompt[:end], prompt[end:]


def _tails(typed: str) -> Iterator[tuple[str, str]]:
    """(skipped text, candidate tag): first all of it, then shorter ends of a sentence."""
    starts = [0, *(space.end() for space in re.finditer(r"\s+", typed))]
    starts = [start for start in starts if start < len(typed)]
    whole = starts[:1] if len(starts) > _TAG_WORDS_MAX else []
    for start in (*whole, *starts[-_TAG_WORDS_MAX:]):
        yield typed[:start], typed[start:]


def _matches(typed: str, glossary: Glossary, limit: int) -> list[TagMatch]:
    """Tags that begin like this, or else those with a similar spelling."""
    name = plain(typed)
    if matches := glossary.starting_with(name, limit):
        return matches
    tags = glossary.book.tags
    return [TagMatch(text=tag, count=tags[tag].count) for tag in glossary.nearest(name, 3)]


def _is_in_prompt(found: TagMatch, head: str) -> bool:
    """Whether the prompt already has the tag."""
    tags = {plain(part) for part in head.split(",")}
    return plain(found.text) in tags


def _suggestions(prompt: str, glossary: Glossary, limit: int) -> list[str]:
    """The most common tags of groups that the prompt has not mentioned."""
    tags = set(analyse(prompt, glossary).tags)
    mentioned = {glossary.group(tag) for tag in tags} - {""}
    counts: dict[str, int] = {}
    found: list[str] = []
    for tag in glossary.popular:
        group = glossary.group(tag)
        is_full = group and (group in mentioned or counts.get(group, 0) >= 3)
        if (
            group != PRAISE
            and tag not in tags
            and (not is_full or not glossary.book.groups[group].open)
        ):
            found.append(tag)
            counts[group] = counts.get(group, 0) + 1
    return found[:limit]


def _with_match(before: str, typed: str, found: TagMatch) -> Completion:
    return Completion(
        prompt=before + in_style_of(typed, found.text),
        tag=found.text,
        count=found.count,
        alias=found.alias,
    )


def _with_tag(prompt: str, typed: str, tag: str, glossary: Glossary) -> Completion:
    space = " " if prompt.rstrip().endswith(",") and not prompt.endswith(" ") else ""
    count = glossary.book.tags[tag].count
    return Completion(prompt=prompt + space + in_style_of(typed, tag), tag=tag, count=count)


def in_style_of(typed: str, tag: str) -> str:
    """The tag as this member writes tags: with underscores if the typed text has one."""
    spaced = tag.replace(" ", "_") if "_" in typed and not is_face(typed) else tag
    return _BRACKET.sub(r"\\\g<0>", spaced)


def _short(count: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.1f}".removesuffix(".0") + letter
    return f"{count:.0f}"
