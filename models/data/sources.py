"""Finds captions: `metadata.jsonl`, Danbooru's JSON beside a picture, or text beside it.

Called by `models.data.examples.read`, and by the scorer's `sources`, which reads manifests and
sidecars the same way. It pairs files with captions and reports those without a partner; it opens no
pictures and must not know what training does with a caption.
"""

from __future__ import annotations

import json
import os
from collections.abc import Container, Iterator, Mapping
from math import isfinite
from pathlib import Path, PurePosixPath
from typing import NamedTuple, cast

from models.data.findings import Report, Skip
from models.data.pictures import SUFFIXES
from models.data.tagging import BooruRating, Caption
from models.manifest import Split

#: A manifest's file name, which `datasets` uses too.
MANIFEST = "metadata.jsonl"
#: The order of Danbooru's groups in a caption, after the tags that count people.
GROUPS = ("character", "copyright", "artist", "general", "meta")
#: The same groups by their numbers in Danbooru's yearly dumps.
_CATEGORIES = {"0": "general", "1": "artist", "3": "copyright", "4": "character", "5": "meta"}
#: Count tags go first: they say most about a picture, and prompts begin with them.
COUNTS = frozenset(
    f"{count}{who}{s}" for who in ("girl", "boy", "other")
    for count, s in (("1", ""), ("2", "s"), ("3", "s"), ("4", "s"), ("5", "s"), ("6+", "s"))
) | {"solo", "no_humans"}  # fmt: skip
#: The highest score that a linear head gives on a scale of 1 to 10.
_SCORE_MAX = 12.0
_RATINGS = {
    **{rating[0]: rating for rating in BooruRating},
    **{rating.value: rating for rating in BooruRating},
    # Danbooru's rating before 2022. Its letter was also "s", which now means sensitive: the
    # stricter reading applies.
    "safe": BooruRating.GENERAL,
}
_FILE_KEYS = ("file_name", "file")
_TEXT_KEYS = ("text", "caption", "prompt")
#: The keys of a line about a picture that was scored but has no caption.
_NOT_CAPTIONS = {*_FILE_KEYS, "aesthetic", "aesthetic_head", "score", "grade"}


class Pair(NamedTuple):
    """A picture file and its caption."""

    path: Path
    caption: Caption


class Line(NamedTuple):
    """A line of a manifest: the file that it names, its content, and its position."""

    path: Path
    record: Mapping[str, object]
    where: str


class CaptionError(ValueError):
    """A sidecar or a line of a manifest cannot be parsed; the message is a phrase."""


def read_pairs(source: Path, report: Report) -> list[Pair]:
    """The captioned pictures of a folder or manifest, sorted by path.

    A folder's `metadata.jsonl`, if it has one, replaces everything else; otherwise every picture
    below the folder is paired with the first existing one of `NAME.json`, `NAME.png.json`,
    `NAME.txt` and `NAME.png.txt`. Names that begin with a dot are ignored. Raises OSError if the
    folder cannot be listed.
    """
    manifest = source / MANIFEST if source.is_dir() else source
    if manifest.is_file():
        found = _manifest_pairs(manifest, report)
        mentioned = {pair.path for pair in found} | {finding.path for finding in report.findings}
        for path in pictures_below(source, report) if source.is_dir() else ():
            if path not in mentioned:
                report.add(path, Skip.UNLISTED)
    else:
        found = list(_sidecar_pairs(source, report))
    return sorted(found)


def parse_caption(text: str) -> Caption:
    """The caption in a text: tags if it has commas, lines or underscores, else one sentence."""
    lines = [part.strip() for line in text.splitlines() for part in line.split(",")]
    parts = tuple(part for part in lines if part)
    if len(parts) > 1:
        return Caption(tags=parts)
    words = text.split()
    if len(words) == 1 or any("_" in word for word in words):
        return Caption(tags=tuple(words))
    return Caption(sentence=" ".join(words))


def caption_of(record: Mapping[str, object]) -> Caption:
    """The caption of a JSON record. CaptionError if it has none, or tags or text of a wrong type.

    The aesthetic score is the first of `aesthetic`, `score`, `grade` that lies on its scale, 1 to
    10; a scorer's best pictures come out a little over 10, so `aesthetic` may. In a record of
    Danbooru's, `score` is the votes. An unreadable number is ignored.
    """
    danbooru = is_danbooru(record)
    caption = _without_surrogates(_danbooru_caption(record) if danbooru else _plain_caption(record))
    votes = number_of(record.get("score")) if danbooru else None
    score_keys = ("aesthetic",) if danbooru else ("aesthetic", "score", "grade")
    scores = [number_of(record.get(key)) for key in score_keys]
    if scores[0] is not None and 10 < scores[0] <= _SCORE_MAX:
        scores[0] = 10.0
    return Caption(
        tags=caption.tags,
        sentence=caption.sentence,
        rating=_RATINGS.get(str(record.get("rating", "")).lower()),
        votes=None if votes is None else round(votes),
        score=next((s for s in scores if s is not None and 1 <= s <= 10), None),
    )


def _without_surrogates(caption: Caption) -> Caption:
    """The caption without unpaired surrogates, which cannot be written."""
    tags = tuple(text for tag in caption.tags if (text := _clean_text(tag)))
    sentence = _clean_text(caption.sentence)
    if not tags and not sentence:
        raise CaptionError("it has no text")
    return Caption(tags=tags, sentence=sentence)


def _clean_text(text: str) -> str:
    return text.encode("utf-8", "ignore").decode("utf-8").strip()


def is_danbooru(record: Mapping[str, object]) -> bool:
    """Whether this is a Danbooru post, whose `score` is the votes.

    Danbooru's API writes texts named `tag_string...`; its yearly dumps have a list of tags with a
    category each.
    """
    return any(key.startswith("tag_string") for key in record) or bool(_tags_of_dump(record))


def number_of(value: object) -> float | None:
    """A finite number, or the text of one as in Danbooru's dumps; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def _danbooru_caption(record: Mapping[str, object]) -> Caption:
    """Tags by group, counts first; those found only in `tag_string` come last."""
    groups = {group: _text_value(record, f"tag_string_{group}").split() for group in GROUPS}
    for tag in _tags_of_dump(record):
        if name := _tag_name(tag):
            groups[_CATEGORIES.get(str(_category(tag)), "general")].append(name)
    tags = [tag for group in GROUPS for tag in groups[group]] + _text_value(
        record, "tag_string"
    ).split()
    if not tags:
        raise CaptionError("it has no tags")
    counts = [tag for tag in tags if tag in COUNTS]
    return Caption(tags=tuple(dict.fromkeys([*counts, *tags])))


def _tags_of_dump(record: Mapping[str, object]) -> list[object]:
    """The tags of a post in a yearly dump; empty if no tag has a category."""
    tags = record.get("tags")
    listed = cast("list[object]", tags) if isinstance(tags, list) else []
    return listed if any(_category(tag) is not None for tag in listed) else []


def _category(tag: object) -> object:
    return cast("dict[str, object]", tag).get("category") if isinstance(tag, dict) else None


def _plain_caption(record: Mapping[str, object]) -> Caption:
    tags = record.get("tags")
    if isinstance(tags, list):
        names = tuple(name for tag in cast("list[object]", tags) if (name := _tag_name(tag)))
        if names:
            return Caption(tags=names)
    if isinstance(tags, str) and tags.strip():
        # Booru exports separate tags by spaces, taggers by commas.
        return parse_caption(tags) if "," in tags else Caption(tags=tuple(tags.split()))
    for key in _TEXT_KEYS:
        if text := _text_value(record, key).strip():
            return parse_caption(text)
    raise CaptionError("it has none of tags, text, caption, prompt, tag_string")


def _text_value(record: Mapping[str, object], key: str) -> str:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        raise CaptionError(f"{key} is not a text")
    return value or ""


def _tag_name(tag: object) -> str:
    """The text of a listed tag, or the `name` of an object as in Danbooru's yearly dumps."""
    if isinstance(tag, dict):
        tag = cast("dict[str, object]", tag).get("name")
    if not isinstance(tag, str):
        raise CaptionError("tags holds something that is not a tag")
    return tag.strip()


def parse_record(text: str) -> Mapping[str, object]:
    """The JSON object in a text. Raises CaptionError if there is none."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise CaptionError("it is not JSON") from fault
    if not isinstance(record, dict):
        raise CaptionError("it is not a JSON object")
    return cast("dict[str, object]", record)


def _manifest_pairs(manifest: Path, report: Report) -> list[Pair]:
    """The pairs in a manifest, each picture once."""
    found: dict[Path, Pair] = {}
    for path, record, where in manifest_lines(manifest, report):
        if record.keys() <= _NOT_CAPTIONS:
            report.add(path, Skip.NO_CAPTION, where)
            continue
        if record.get("split") == Split.HELD_OUT:
            report.add(path, Skip.HELD_OUT, where)
            continue
        try:
            pair = Pair(path, caption_of(record))
        except CaptionError as fault:
            report.add(path, Skip.BAD_CAPTION, f"{where}: {fault}")
            continue
        if check_new_file(path, where, found, report):
            found[path] = pair
    return list(found.values())


def manifest_lines(manifest: Path, report: Report) -> Iterator[Line]:
    """The lines that name a file in the manifest's folder; others are reported.

    Raises CaptionError if the manifest is not a text.
    """
    # Not splitlines: a caption may contain U+2028, which does not end a line of JSONL.
    for number, text in enumerate(read_text(manifest).split("\n"), 1):
        if not text.strip():
            continue
        where = f"line {number}"
        try:
            record = parse_record(text)
            line = Line(_named_file(manifest.parent, record), record, where)
        except CaptionError as fault:
            report.add(manifest, Skip.BAD_CAPTION, f"{where}: {fault}")
        except _OutsideError as fault:
            report.add(manifest, Skip.OUTSIDE, f"{where}: {fault}")
        else:
            yield line


def check_new_file(path: Path, where: str, found: Container[Path], report: Report) -> bool:
    """Whether a line names an existing file that no earlier line named; if not, report it."""
    if path in found:
        report.add(path, Skip.REPEATED, where)
    elif not _is_file(path):
        report.add(path, Skip.NO_PICTURE, where)
    else:
        return True
    return False


def _is_file(path: Path) -> bool:
    """Like `Path.is_file`, which raises if a name is too long."""
    try:
        return path.is_file()
    except OSError:
        return False


class _OutsideError(Exception):
    """A manifest's line leads out of its folder; the message is the name."""


def _named_file(folder: Path, record: Mapping[str, object]) -> Path:
    """The file named by a line of a manifest."""
    name = next((text for key in _FILE_KEYS if (text := _text_value(record, key))), "")
    if not name or "\0" in name:
        raise CaptionError("it has no file_name")
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise _OutsideError(name)
    return folder / relative


def files_below(folder: Path, report: Report) -> list[Path]:
    """Every file below the folder that is not hidden, sorted; unreadable folders are reported.

    Linked folders count as well, each once and under its own name if it is below this folder; a
    link that leads back up ends there.
    """
    found: list[Path] = []
    visited: set[str] = set()
    roots = [folder]

    def report_unreadable(fault: OSError) -> None:
        report.add(Path(fault.filename), Skip.UNREADABLE, fault.strerror or str(fault))

    for root in roots:  # The list grows by the links found, which are followed last.
        for directory, folders, names in os.walk(root, onerror=report_unreadable):
            real = os.path.realpath(directory)
            folders[:] = sorted(n for n in folders if real not in visited and not n.startswith("."))
            if real in visited:
                continue
            visited.add(real)
            below = (Path(directory, name) for name in folders)
            roots += [path for path in below if path.is_symlink()]
            paths = (Path(directory, name) for name in names if not name.startswith("."))
            found += [path for path in paths if path.is_file()]
    return sorted(found)


def pictures_below(folder: Path, report: Report) -> list[Path]:
    """The pictures among `files_below`, by their suffixes."""
    return [path for path in files_below(folder, report) if path.suffix.lower() in SUFFIXES]


def sidecars_of(picture: Path) -> tuple[Path, ...]:
    """The possible places of a picture's caption, in order of preference."""
    long_names = picture.with_name(picture.name + ".json"), picture.with_name(picture.name + ".txt")
    return picture.with_suffix(".json"), long_names[0], picture.with_suffix(".txt"), long_names[1]


def _sidecar_pairs(folder: Path, report: Report) -> Iterator[Pair]:
    """The pairs of pictures and sidecars; unpaired ones on both sides are reported."""
    files = files_below(folder, report)
    present, paired = set(files), set[Path]()
    for path in files:
        if path.suffix.lower() not in SUFFIXES:
            continue
        sidecars = [sidecar for sidecar in sidecars_of(path) if sidecar in present]
        paired.update(sidecars)
        if not sidecars:
            report.add(path, Skip.NO_CAPTION)
            continue
        try:
            yield Pair(path, _read_sidecar(sidecars[0]))
        except CaptionError as fault:
            report.add(path, Skip.BAD_CAPTION, f"{sidecars[0].name}: {fault}")
    for path in files:
        if path.suffix.lower() in (".txt", ".json") and path not in paired:
            report.add(path, Skip.NO_PICTURE)


def _read_sidecar(path: Path) -> Caption:
    text = read_text(path)
    if path.suffix.lower() == ".json":
        return caption_of(parse_record(text))
    if not text.strip():
        raise CaptionError("it is empty")
    return parse_caption(text)


def read_text(path: Path) -> str:
    """The text of a file, without a byte order mark. CaptionError if it is not readable UTF-8."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise CaptionError("it is not UTF-8") from fault
    except OSError as fault:
        raise CaptionError(fault.strerror or str(fault)) from fault
