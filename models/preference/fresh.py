"""Fresh pictures of the judged prompts, drawn by the current model.

A trusted reward model ranks them together with the judged ones: the on-policy round. They are kept
in the run's folder, so a resumed run finds the same ones. Called by the workshop. Must not know
judgements.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from models.contract import Draw, RenderRequest, Sampler
from models.decoding import json_of, read_json
from models.engine.codec import lanczos
from models.engine.draw import draw_all
from models.engine.loader import Components
from models.engine.slots import CAPACITY_CPU, CAPACITY_GPU, SlotEngine
from models.manifest import PictureLine
from models.provenance import encode_png
from models.training import chance

#: The list of the pictures in their folder; written last.
LIST_NAME = "fresh.jsonl"


def fresh_pictures(
    parts: Components, judged: Sequence[PictureLine], per_prompt: int, folder: Path
) -> list[PictureLine]:
    """`per_prompt` new pictures of every judged prompt; drawn once and kept in the folder.

    A picture with non-finite values is left out.
    """
    list_path = folder / LIST_NAME
    if list_path.exists():
        rows = list_path.read_text("utf-8").splitlines()
        return [read_json(PictureLine, row) for row in rows]
    lines = list(
        _draw_pictures(parts, {line.prompt_key: line for line in judged}, per_prompt, folder)
    )
    partial = list_path.with_suffix(".part")
    partial.write_text("".join(json_of(line) + "\n" for line in lines), "utf-8")
    partial.replace(list_path)
    return lines


def _draw_pictures(
    parts: Components, line_by_prompt: dict[str, PictureLine], per_prompt: int, folder: Path
) -> Iterator[PictureLine]:
    """Draw at the model's native size: training uses that size anyway."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    capacity = CAPACITY_CPU if parts.device.type == "cpu" else CAPACITY_GPU
    engine = SlotEngine(replace(parts, upscale=lanczos), capacity)
    requests = [
        RenderRequest(row_id=f"{key} {index}", draw=_draw_like(parts, line, index))
        for key, line in sorted(line_by_prompt.items())
        for index in range(per_prompt)
    ]
    draw_by_row = {request.row_id: request.draw for request in requests}
    for row_id, outcome in draw_all(engine, requests):
        if isinstance(outcome, str):
            continue
        png = encode_png(outcome.rgb, outcome.width_px, outcome.height_px)
        sha256 = hashlib.sha256(png).hexdigest()
        name = f"pictures/{sha256}.png"
        (folder / name).write_bytes(png)
        line = line_by_prompt[row_id.partition(" ")[0]]
        yield replace(
            line,
            file_name=name,
            sha256=sha256,
            card_id=parts.card.id,
            seed=draw_by_row[row_id].seed,
            up=0.0,
            down=0.0,
        )


def _draw_like(parts: Components, line: PictureLine, index: int) -> Draw:
    """The line's draw with another seed, at the native size."""
    width, height = parts.card.native_px(line.width_px, line.height_px)
    return Draw(
        prompt=line.text or "",
        negative=line.negative or "",
        seed=chance.number(line.seed, "fresh", index) % 2**32,
        steps=line.steps,
        guidance=line.guidance,
        sampler=Sampler(line.sampler),
        width_px=width,
        height_px=height,
        clip_skip=line.clip_skip,
    )
