"""Where captions come from: `metadata.jsonl`, Danbooru's JSON beside a picture, or text beside it.

Called by `models.dataset.read`. It pairs files with captions and reports what has no partner; it
opens no pictures and must not know what training does with a caption.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import isfinite
from pathlib import Path, PurePosixPath
from typing import NamedTuple, cast

from models.corpus.findings import Report, Skip
from models.corpus.pictures import SUFFIXES
from models.corpus.tagging import Caption, Rating

#: What a manifest is called in its folder; `datasets` calls it so too.
MANIFEST = "metadata.jsonl"
#: The order in which Danbooru's groups are said, after the tags that count people.
GROUPS = ("character", "copyright", "artist", "general", "meta")
#: Count tags go first: they say most about a picture, and prompts begin with them.
COUNTS = frozenset(
    f"{count}{who}{s}" for who in ("girl", "boy", "other")
    for count, s in (("1", ""), ("2", "s"), ("3", "s"), ("4", "s"), ("5", "s"), ("6+", "s"))
) | {"solo", "no_humans"}  # fmt: skip
#: The most that a linear head gives on a scale of 1 to 10.
_BEST = 12.0
_RATINGS = {
    **{rating[0]: rating for rating in Rating},
    **{rating.value: rating for rating in Rating},
    # Danbooru's word before 2022. Its letter was "s" as well, which now means sensitive: the
    # stricter reading holds.
    "safe": Rating.GENERAL,
}
_FILE_KEYS = ("file_name", "file")
_TEXT_KEYS = ("text", "caption", "prompt")
#: All that a line holds of a picture that was scored and that nothing describes.
_NOT_CAPTIONS = {*_FILE_KEYS, "aesthetic", "aesthetic_head", "score", "grade"}


class Pair(NamedTuple):
    """A picture file and what is said of it."""

    path: Path
    caption: Caption


class CaptionError(ValueError):
    """A sidecar or a line of a manifest cannot be understood; the text is half a sentence."""


def pairs(source: Path, report: Report) -> list[Pair]:
    """The pictures of a folder or manifest that have captions, sorted by path.

    A folder's `metadata.jsonl`, if it has one, is the whole truth; else every picture below the
    folder is paired with `NAME.json`, `NAME.png.json`, `NAME.txt` or `NAME.png.txt`, the first of
    them that is there. Names that begin with a dot are left alone. OSError if it cannot be listed.
    """
    manifest = source / MANIFEST if source.is_dir() else source
    if manifest.is_file():
        found = _listed(manifest, report)
        named = {pair.path for pair in found} | {finding.path for finding in report.findings}
        for path in _pictures(manifest.parent) if source.is_dir() else ():
            if path not in named:
                report.add(path, Skip.UNLISTED)
    else:
        found = list(_beside(source, report))
    return sorted(found)


def tags_of(text: str) -> Caption:
    """The caption of a text: tags if there are commas, lines or underscores, else one sentence."""
    lines = [part.strip() for line in text.splitlines() for part in line.split(",")]
    parts = tuple(part for part in lines if part)
    if len(parts) > 1:
        return Caption(tags=parts)
    words = text.split()
    if len(words) == 1 or any("_" in word for word in words):
        return Caption(tags=tuple(words))
    return Caption(sentence=" ".join(words))


def caption_of(record: Mapping[str, object]) -> Caption:
    """The caption of a JSON record. CaptionError if it has none, or fields of the wrong kind.

    The aesthetic score is the first of `aesthetic`, `score`, `grade` that lies on its scale, 1 to
    10; a scorer's best pictures come out a little over 10, so `aesthetic` may. In a record of
    Danbooru's, `score` is the votes.
    """
    danbooru = any(key.startswith("tag_string") for key in record)
    said = _danbooru(record) if danbooru else _plain(record)
    votes = _number(record, "score") if danbooru else None
    judged = ("aesthetic",) if danbooru else ("aesthetic", "score", "grade")
    scores = [_number(record, key) for key in judged]
    if scores[0] is not None and 10 < scores[0] <= _BEST:
        scores[0] = 10.0
    return Caption(
        tags=said.tags,
        sentence=said.sentence,
        rating=_RATINGS.get(str(record.get("rating", "")).lower()),
        votes=None if votes is None else round(votes),
        score=next((s for s in scores if s is not None and 1 <= s <= 10), None),
    )


def _danbooru(record: Mapping[str, object]) -> Caption:
    """Tags by group, counts first; what only `tag_string` holds comes last."""
    groups = [_text(record, f"tag_string_{group}").split() for group in GROUPS]
    tags = [tag for group in groups for tag in group] + _text(record, "tag_string").split()
    if not tags:
        raise CaptionError("its tag_string is empty")
    counts = [tag for tag in tags if tag in COUNTS]
    return Caption(tags=tuple(dict.fromkeys([*counts, *tags])))


def _plain(record: Mapping[str, object]) -> Caption:
    tags = record.get("tags")
    if isinstance(tags, list):
        said = tuple(name for tag in cast("list[object]", tags) if (name := _name(tag)))
        if said:
            return Caption(tags=said)
    if isinstance(tags, str) and tags.strip():
        # Booru exports separate tags by spaces, taggers by commas.
        return tags_of(tags) if "," in tags else Caption(tags=tuple(tags.split()))
    for key in _TEXT_KEYS:
        if text := _text(record, key).strip():
            return tags_of(text)
    raise CaptionError("it has none of tags, text, caption, prompt, tag_string")


def _text(record: Mapping[str, object], key: str) -> str:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        raise CaptionError(f"{key} is no text")
    return value or ""


def _name(tag: object) -> str:
    """A tag of a list: its text, or the `name` of an object as in Danbooru's yearly dumps."""
    if isinstance(tag, dict):
        tag = cast("dict[str, object]", tag).get("name")
    if not isinstance(tag, str):
        raise CaptionError("tags holds something that is no tag")
    return tag.strip()


def _number(record: Mapping[str, object], key: str) -> float | None:
    """A finite number, or None if there is none."""
    value = record.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise CaptionError(f"{key} is no number")
    return float(value)


def _record(text: str) -> Mapping[str, object]:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise CaptionError("it is no JSON") from fault
    if not isinstance(record, dict):
        raise CaptionError("it is no JSON object")
    return cast("dict[str, object]", record)


def _listed(manifest: Path, report: Report) -> list[Pair]:
    """The pairs of a manifest's lines, each picture once."""
    found: dict[Path, Pair] = {}
    for number, line in enumerate(_read(manifest).split("\n"), 1):
        if not line.strip():
            continue
        path, where = manifest, f"line {number}"
        try:
            record = _record(line)
            path = _named(manifest.parent, record)
            if record.keys() <= _NOT_CAPTIONS:
                report.add(path, Skip.NO_CAPTION, where)
                continue
            pair = Pair(path, caption_of(record))
        except CaptionError as fault:
            report.add(path, Skip.BAD_CAPTION, f"{where}: {fault}")
            continue
        except _OutsideError as fault:
            report.add(manifest, Skip.OUTSIDE, f"{where}: {fault}")
            continue
        if path in found:
            report.add(path, Skip.REPEATED, where)
        elif not path.is_file():
            report.add(path, Skip.NO_PICTURE, where)
        else:
            found[path] = pair
    return list(found.values())


class _OutsideError(Exception):
    """A manifest's line leads out of its folder; the text is the name."""


def _named(folder: Path, record: Mapping[str, object]) -> Path:
    """The file that a line of a manifest names."""
    name = next((text for key in _FILE_KEYS if (text := _text(record, key))), "")
    if not name or "\0" in name:
        raise CaptionError("it has no file_name")
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise _OutsideError(name)
    return folder / relative


def _files(folder: Path) -> Iterator[Path]:
    """Every file below the folder that is not hidden, sorted."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file():
            yield path


def _pictures(folder: Path) -> list[Path]:
    return [path for path in _files(folder) if path.suffix.lower() in SUFFIXES]


def _sidecars(picture: Path) -> tuple[Path, ...]:
    """Where a picture's caption may lie, the first one first."""
    longer = picture.with_name(picture.name + ".json"), picture.with_name(picture.name + ".txt")
    return picture.with_suffix(".json"), longer[0], picture.with_suffix(".txt"), longer[1]


def _beside(folder: Path, report: Report) -> Iterator[Pair]:
    """The pairs of pictures and sidecars, and a report of what is left over on both sides."""
    files = list(_files(folder))
    present, partnered = set(files), set[Path]()
    for path in files:
        if path.suffix.lower() not in SUFFIXES:
            continue
        sidecars = [sidecar for sidecar in _sidecars(path) if sidecar in present]
        partnered.update(sidecars)
        if not sidecars:
            report.add(path, Skip.NO_CAPTION)
            continue
        try:
            yield Pair(path, _sidecar(sidecars[0]))
        except CaptionError as fault:
            report.add(path, Skip.BAD_CAPTION, f"{sidecars[0].name}: {fault}")
    for path in files:
        if path.suffix.lower() in (".txt", ".json") and path not in partnered:
            report.add(path, Skip.NO_PICTURE)


def _sidecar(path: Path) -> Caption:
    text = _read(path)
    if path.suffix.lower() == ".json":
        return caption_of(_record(text))
    if not text.strip():
        raise CaptionError("it is empty")
    return tags_of(text)


def _read(path: Path) -> str:
    """A text file, with or without a byte order mark."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise CaptionError("it is not UTF-8") from fault
    except OSError as fault:
        raise CaptionError(fault.strerror or str(fault)) from fault
