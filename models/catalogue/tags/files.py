"""Reads and writes tags files: our `tags.json`, and the CSV of A1111's tag autocomplete.

The CSV has a line `tag,category,count,"alias,alias"` per tag, like the lists for the extension
a1111-sd-webui-tagcomplete; a category is one of Danbooru's numbers. Called by whoever opens a
model's vocabulary. Limits what it reads, because the file may be anything.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from models.catalogue.tags.book import KnownTag, TagBook, TagGroup, plain
from models.contract import EngineError
from models.decoding import Dialect, MisfitError, decode

#: The file's name beside a card.
FILE_NAME = "tags.json"
#: The version of the format that this code writes, and the only one it reads.
SCHEMA = 1
#: More than the largest list in circulation (300,000 tags, 16 MB).
BYTES_MAX, TAGS_MAX = 32 << 20, 400_000

_DIALECT = Dialect(unknown_field="is not a field of a tags file")
_CATEGORIES = {"0": "general", "1": "artist", "3": "copyright", "4": "character", "5": "meta"}


class TagsError(EngineError):
    """A tags file is unreadable or malformed; the message is one line and names it."""


def read(path: Path) -> TagBook:
    """Read a `.json` or `.csv` file. TagsError says what is wrong with it."""
    text = _read_text(path)
    book = _parse_csv(text, path) if path.suffix.lower() == ".csv" else _parse_json(text, path)
    if len(book.tags) > TAGS_MAX:
        raise TagsError(f"{path} has {len(book.tags):,} tags; the maximum is {TAGS_MAX:,}.")
    return book


def write(book: TagBook, path: Path) -> None:
    """Write the book, whole or not at all, one line per tag, leaving out empty fields.

    `read` restores it.
    """
    partial = path.with_name(path.name + ".part")
    partial.write_text("\n".join(_lines(book)) + "\n", "utf-8")
    partial.replace(path)


def _read_text(path: Path) -> str:
    """The file's text; a file that is too large is not read to its end."""
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
    except OSError as fault:
        raise TagsError(f"{path} cannot be read: {fault.strerror}.") from fault
    if len(data) > BYTES_MAX:
        raise TagsError(f"{path} is larger than {BYTES_MAX >> 20} MB, so it cannot be a tags file.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise TagsError(f"{path} is not UTF-8 text, so it cannot be a tags file.") from fault


def _parse_json(text: str, path: Path) -> TagBook:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise TagsError(f"{path} is not JSON: {fault}") from fault
    if not isinstance(data, dict) or data.pop("schema", None) != SCHEMA:
        raise TagsError(f"{path} is not a tags file of format {SCHEMA}.")
    try:
        return decode(TagBook, data, _DIALECT)
    except MisfitError as fault:
        raise TagsError(f"{path}: {fault}") from fault


def _parse_csv(text: str, path: Path) -> TagBook:
    """Parse a list; a line of another form is a fault, so that no other kind of table passes."""
    tags: dict[str, KnownTag] = {}
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text)), 1):
            if not row or (number == 1 and row[:2] == ["tag", "category"]):
                continue
            if len(row) < 3 or not row[0].strip() or not row[2].strip().isdecimal():
                raise TagsError(
                    f"{path}, line {number} must have the form tag,category,count,aliases."
                )
            tags.setdefault(_readable(row[0]), _tag_of(row))
    except csv.Error as fault:
        raise TagsError(f"{path} is not CSV: {fault}.") from fault
    groups = dict.fromkeys(dict.fromkeys(tag.group for tag in tags.values()), TagGroup())
    return TagBook(groups=groups, tags=tags)


def _tag_of(row: list[str]) -> KnownTag:
    aliases = row[3].split(",") if len(row) > 3 else []
    return KnownTag(
        group=_CATEGORIES.get(row[1].strip(), "general"),
        count=int(row[2].strip()[:18]),
        aliases=tuple(_readable(alias) for alias in aliases if alias.strip(" /")),
    )


def _readable(text: str) -> str:
    """A list's tag as people read it; lists write spaces as underscores."""
    return plain(text.strip().removeprefix("/"))


def _lines(book: TagBook) -> Iterator[str]:
    yield f'{{"schema": {SCHEMA},'
    yield f'"draws": {_json(book.draws)},'
    for name, entries in (("groups", book.groups), ("tags", book.tags)):
        yield f'"{name}": {{'
        lines = [f"{_json(key)}: {_json(_non_defaults(value))}" for key, value in entries.items()]
        yield ",\n".join(lines)
        yield "}" if name == "tags" else "},"
    yield "}"


def _non_defaults(value: KnownTag | TagGroup) -> dict[str, object]:
    """The fields that differ from their defaults."""
    default = type(value)()
    current = {field.name: getattr(value, field.name) for field in fields(value)}
    return {
        name: current_value
        for name, current_value in current.items()
        if current_value != getattr(default, name)
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
