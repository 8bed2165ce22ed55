"""The manifest: a folder of pictures and their judgements, as a training reads it.

`bot/curating/` writes one, `models/preference/` and the gate read it; `docs/curation.md` describes
its files. Torch-free. Must not know who voted, what a server is, or what a training does with it.
The folder holds every file's hash, so `read` notices whatever was changed by hand.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

from models.contract import EngineError
from models.decoding import Amount, Fraction, Meta, Positive, json_of, read_json

#: The files of the folder; `datasets` knows the first by its name.
PICTURES_FILE, JUDGEMENTS_FILE, FILE_NAME = "metadata.jsonl", "judgements.jsonl", "manifest.json"
#: The version of the format that this code writes and the only one it reads.
SCHEMA = 1

_Sha256 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
#: A path inside the folder that cannot lead out of it.
_PictureFile = Annotated[str, Meta(pattern=r"\Apictures/[0-9a-f]{64}\.png\Z")]
_LicenceFile = Annotated[str, Meta(pattern=r"\Alicences/[a-z0-9][a-z0-9._-]{0,63}\.txt\Z")]
_Pseudonym = Annotated[str, Meta(pattern=r"\Av[0-9a-f]{16}\Z")]
_ADVICE = "Write it again with `python -m bot export`."
_T = TypeVar("_T")


class ManifestError(EngineError):
    """A manifest is missing, malformed, or changed by hand; the message names the file."""


class Split(StrEnum):
    """The permanent use of a prompt's pictures."""

    #: A model may learn from them.
    TRAIN = "train"
    #: No model has learned from them: the gate uses them.
    HELD_OUT = "held_out"


class Kind(StrEnum):
    """The form of a question to voters."""

    #: One picture: up or down.
    VOTE = "vote"
    #: Two pictures of one prompt: which is better.
    DUEL = "duel"
    #: Several pictures of one prompt: which are best.
    RANKING = "ranking"


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLine:
    """One picture, how it was drawn, and its votes."""

    file_name: _PictureFile
    sha256: _Sha256
    #: The prompt; None if its member does not share prompts. Then it cannot be trained on.
    text: str | None
    #: None if the prompt is.
    negative: str | None
    #: A keyed hash of prompt, negative prompt and size: pictures of one prompt have the same,
    #: shared or not.
    prompt_key: str
    card_id: str
    #: The file of the licence under which it was drawn.
    licence: _LicenceFile
    seed: int
    steps: Positive
    guidance: float
    sampler: str
    #: None if the card's was used.
    clip_skip: Positive | None
    width_px: Positive
    height_px: Positive
    #: "general" or "explicit".
    rating: str
    split: Split
    #: The total weights of the votes up and down.
    up: Amount
    down: Amount
    #: The prompt as typed, if the bot completed it.
    asked: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError if its name does not match its hash."""
        if self.file_name != f"pictures/{self.sha256}.png":
            raise ValueError("file_name must be named after sha256.")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgementLine:
    """One voter's judgement of one or more pictures of one prompt."""

    kind: Kind
    axis: str
    #: A keyed pseudonym: it identifies the voter only within this installation.
    voter: _Pseudonym
    #: How far the voter is trusted.
    weight: Fraction
    #: The pictures: one for a vote, two for a duel, more for a ranking.
    files: tuple[_PictureFile, ...]
    #: A vote: 1 up, -1 down. A duel: the winner's index in `files`, 0 or 1. A ranking: indices in
    #: `files`, the best first; the others follow in no order.
    value: int | tuple[int, ...]
    #: The split of its prompt.
    split: Split

    def __post_init__(self) -> None:
        """Raise ValueError if the value does not fit the kind."""
        if len(set(self.files)) != len(self.files):
            raise ValueError("files must name each picture once.")
        if not _fits(self.kind, len(self.files), self.value):
            raise ValueError(f"value must fit a {self.kind} of {len(self.files)}.")


def _fits(kind: Kind, count: int, value: int | tuple[int, ...]) -> bool:
    if isinstance(value, int):
        is_vote = kind is Kind.VOTE and count == 1 and value in (1, -1)
        return is_vote or (kind is Kind.DUEL and count == 2 and value in (0, 1))
    ranks = set(value)
    is_ranking = 0 < len(value) == len(ranks) and ranks <= set(range(count))
    return kind is Kind.RANKING and count >= 2 and is_ranking


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """The metadata in `manifest.json`; `sha256` covers everything before it."""

    schema: int
    base: str
    pictures: int
    judgements: int
    pictures_sha256: _Sha256
    judgements_sha256: _Sha256
    #: By the file's path.
    licences_sha256: dict[str, _Sha256]
    left_out: dict[str, int]
    parents: tuple[_Sha256, ...]
    sha256: _Sha256
    created_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A folder as it was read: complete and unchanged."""

    folder: Path
    #: The hash that cards cite: it covers everything except the time, so the same votes give the
    #: same hash.
    sha256: str
    #: The id of the card that drew most of the pictures; empty if there is no picture.
    base: str
    pictures: tuple[PictureLine, ...]
    judgements: tuple[JudgementLine, ...]
    #: How many pictures and judgements were left out, by reason.
    left_out: Mapping[str, int]
    #: The manifests that the base card and its ancestors were trained on, the oldest first.
    parents: tuple[str, ...]
    #: When it was written.
    created_ms: int

    def path(self, picture: PictureLine) -> Path:
        """The path of the picture's file."""
        return self.folder / picture.file_name


def write(
    folder: Path,
    pictures: Iterable[PictureLine],
    judgements: Iterable[JudgementLine],
    *,
    created_ms: int,
    left_out: Mapping[str, int] | None = None,
    parents: Iterable[str] = (),
) -> Manifest:
    """Write the three files that describe a folder's pictures, which are there already.

    Raises OSError if the disk fails, or a licence is missing.
    """
    picture_lines, judgement_lines = tuple(pictures), tuple(judgements)
    head = _Head(
        schema=SCHEMA,
        base=base_of(picture_lines),
        pictures=len(picture_lines),
        judgements=len(judgement_lines),
        pictures_sha256=_write_lines(folder / PICTURES_FILE, picture_lines),
        judgements_sha256=_write_lines(folder / JUDGEMENTS_FILE, judgement_lines),
        licences_sha256={place: _sha256(folder / place) for place in _licences(picture_lines)},
        left_out=dict(left_out or {}),
        parents=tuple(parents),
        sha256="",
        created_ms=created_ms,
    )
    (folder / FILE_NAME).write_text(_with_hash(head) + "\n", "utf-8")
    return read(folder)


def base_of(pictures: Iterable[PictureLine]) -> str:
    """The id of the card that drew most of them; in a tie, the first by name. Empty for none."""
    counts = Counter(picture.card_id for picture in pictures)
    return min(counts, key=lambda card_id: (-counts[card_id], card_id), default="")


def read(folder: Path) -> Manifest:
    """Read the manifest in a folder, checking every hash.

    ManifestError says which file is missing, was changed by hand, or does not fit.
    """
    head = _read_head(folder)
    for name, sha256 in _expected_hashes(head):
        _check_hash(folder, name, sha256)
    pictures = _read_lines(folder / PICTURES_FILE, PictureLine)
    judgements = _read_lines(folder / JUDGEMENTS_FILE, JudgementLine)
    for picture in pictures:
        _check_hash(folder, picture.file_name, picture.sha256)
    if fault := next(_faults(head, pictures, judgements), None):
        raise ManifestError(f"{folder} contradicts itself: {fault}. {_ADVICE}")
    return Manifest(
        folder=folder,
        sha256=head.sha256,
        base=head.base,
        pictures=pictures,
        judgements=judgements,
        left_out=head.left_out,
        parents=head.parents,
        created_ms=head.created_ms,
    )


def _expected_hashes(head: _Head) -> Iterator[tuple[str, str]]:
    yield PICTURES_FILE, head.pictures_sha256
    yield JUDGEMENTS_FILE, head.judgements_sha256
    yield from head.licences_sha256.items()


def _faults(
    head: _Head, pictures: tuple[PictureLine, ...], judgements: tuple[JudgementLine, ...]
) -> Iterator[str]:
    """Contradictions among the files and with the head."""
    if (head.pictures, head.judgements) != (len(pictures), len(judgements)):
        yield f"{FILE_NAME} gives other counts than the files have"
    if head.base != base_of(pictures):
        yield f"base is {head.base!r}, but most pictures are of {base_of(pictures)!r}"
    if set(head.licences_sha256) != _licences(pictures):
        yield "its licences are not those that its pictures name"
    by_file = {picture.file_name: picture for picture in pictures}
    if len(by_file) != len(pictures):
        yield f"{PICTURES_FILE} names a picture twice"
    splits: dict[str, Split] = {}
    if any(splits.setdefault(p.prompt_key, p.split) is not p.split for p in pictures):
        yield "one prompt is both in training and held out"
    for number, judgement in enumerate(judgements, start=1):
        if fault := _placement_fault(judgement, by_file):
            yield f"{JUDGEMENTS_FILE} line {number} {fault}"


def _placement_fault(judgement: JudgementLine, by_file: Mapping[str, PictureLine]) -> str | None:
    """How a judgement contradicts its pictures; None if it does not."""
    if any(name not in by_file for name in judgement.files):
        return f"names a picture that {PICTURES_FILE} does not"
    judged = [by_file[name] for name in judgement.files]
    if len({picture.prompt_key for picture in judged}) > 1:
        return "compares pictures of two prompts"
    return None if judged[0].split is judgement.split else "is in another split than its pictures"


def _licences(pictures: Iterable[PictureLine]) -> set[str]:
    return {picture.licence for picture in pictures}


def _read_head(folder: Path) -> _Head:
    path = folder / FILE_NAME
    if not path.is_file():
        raise ManifestError(
            f"{folder} holds no manifest ({FILE_NAME} is missing): name a folder that "
            "`python -m bot export` wrote."
        )
    text = _read_bytes(path).decode("utf-8", "replace")
    schema = _schema_of(text)
    if schema is not None and schema != SCHEMA:
        raise ManifestError(f"{path} has another format than {SCHEMA}: another version wrote it.")
    head = _decode(_Head, text, str(path))
    if _hash_of(text) != head.sha256:
        raise ManifestError(f"{path} was changed after it was written. {_ADVICE}")
    return head


def _schema_of(text: str) -> object:
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return tree.get("schema") if isinstance(tree, dict) else None


def _check_hash(folder: Path, name: str, sha256: str) -> None:
    path = folder / name
    if not path.is_file():
        raise ManifestError(f"{path} is missing, and the manifest needs it. {_ADVICE}")
    if hashlib.sha256(_read_bytes(path)).hexdigest() != sha256:
        raise ManifestError(f"{path} was changed after it was written. {_ADVICE}")


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise ManifestError(f"{path} cannot be read: {fault.strerror}.") from fault


def _read_lines(path: Path, kind: type[_T]) -> tuple[_T, ...]:
    lines = _read_bytes(path).decode("utf-8", "replace").split("\n")
    return tuple(
        _decode(kind, line, f"{path} line {number}")
        for number, line in enumerate(lines, start=1)
        if line
    )


def _decode(kind: type[_T], text: str, source: str) -> _T:
    try:
        return read_json(kind, text)
    except (ValueError, RecursionError) as fault:
        raise ManifestError(f"{source} cannot be understood: {fault}") from fault


def _write_lines(path: Path, lines: Iterable[object]) -> str:
    data = "".join(json_of(line) + "\n" for line in lines).encode()
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def _with_hash(head: _Head) -> str:
    text = json_of(head)
    return json.dumps(json.loads(text) | {"sha256": _hash_of(text)}, indent=2)


def _hash_of(text: str) -> str:
    """The hash of a head, without this hash and the time, so that rewriting keeps it."""
    tree = {k: v for k, v in json.loads(text).items() if k not in {"sha256", "created_ms"}}
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
