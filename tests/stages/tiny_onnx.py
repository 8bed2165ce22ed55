"""A WD tagger of a kilobyte, encoded by hand: ONNX is a protocol buffer, and this is all of it.

The layout is that of SmilingWolf's third version: (B, side, side, 3), blue first, 0..255, to one
probability per line of `selected_tags.csv`. Here each is a sigmoid of the mean colour.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

from models.engine.safety.wd_tagger import LABELS, WEIGHTS

SIDE_PX = 32
#: The weights of (blue, green, red), in 0..255, and a constant, for a tag.
Weights = tuple[float, float, float, float]
#: Likely where red outweighs the other colours, unlikely on white, grey and black.
RED: Weights = (-0.1, -0.1, 0.2, -6.0)
BLUE: Weights = (0.2, -0.1, -0.1, -6.0)
GREEN: Weights = (-0.1, 0.2, -0.1, -6.0)
NEVER: Weights = (0.0, 0.0, 0.0, -9.0)

RATINGS = ("general", "sensitive", "questionable", "explicit")
#: The names as in the real file, ratings first; those without a weight are never likely.
TAGS = (*RATINGS, "1girl", "nude", "loli", "hatsune_miku")


def write_tagger(
    folder: Path,
    likely: Mapping[str, Weights],
    *,
    names: Sequence[str] = TAGS,
    outputs: int | None = None,
    shape: Sequence[int | str] = ("batch", SIDE_PX, SIDE_PX, 3),
    last: str = "Sigmoid",
) -> Path:
    """Write both files; return their folder. `outputs` may differ from the number of names."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{9000000 + i}.0,{name},{9 if i < 4 else 0},100" for i, name in enumerate(names)]
    (folder / LABELS).write_text("\n".join(["tag_id,name,category,count", *lines]) + "\n")
    weights = [likely.get(name, NEVER) for name in names]
    count = len(weights) if outputs is None else outputs
    weights = (weights + [NEVER] * count)[:count]
    (folder / WEIGHTS).write_bytes(_model(weights, shape, last))
    return folder


def _model(weights: Sequence[Weights], shape: Sequence[int | str], last: str) -> bytes:
    matrix = [line[channel] for channel in range(3) for line in weights]
    graph = b"".join(
        [
            _part(1, _node("ReduceMean", ["input"], "mean", axes=(1, 2), keepdims=0)),
            _part(1, _node("MatMul", ["mean", "matrix"], "weighed")),
            _part(1, _node("Add", ["weighed", "more"], "sum")),
            _part(1, _node(last, ["sum"], "output")),
            _part(2, b"tiny tagger"),
            _part(5, _tensor("matrix", (3, len(weights)), matrix)),
            _part(5, _tensor("more", (len(weights),), [line[3] for line in weights])),
            _part(11, _value("input", shape)),
            _part(12, _value("output", ("batch", len(weights)))),
        ]
    )
    return _number(1, 8) + _part(7, graph) + _part(8, _part(1, b"") + _number(2, 13))


def _node(
    kind: str, inputs: Sequence[str], output: str, **attributes: int | Sequence[int]
) -> bytes:
    node = b"".join(_part(1, name.encode()) for name in inputs) + _part(2, output.encode())
    node += _part(4, kind.encode())
    for name, value in attributes.items():
        if isinstance(value, int):
            body = _number(3, value) + _number(20, 2)
        else:
            body = b"".join(_number(8, number) for number in value) + _number(20, 7)
        node += _part(5, _part(1, name.encode()) + body)
    return node


def _tensor(name: str, shape: Sequence[int], values: Sequence[float]) -> bytes:
    raw = struct.pack(f"<{len(values)}f", *values)
    dims = b"".join(_number(1, size) for size in shape)
    return dims + _number(2, 1) + _part(8, name.encode()) + _part(9, raw)


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    dims = b"".join(
        _part(1, _number(1, size) if isinstance(size, int) else _part(2, size.encode()))
        for size in shape
    )
    return _part(1, name.encode()) + _part(2, _part(1, _number(1, 1) + _part(2, dims)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _part(field: int, body: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
