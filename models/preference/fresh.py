"""Fresh pictures of the prompts that were judged, drawn by the model as it is now.

A reward model that has proved itself ranks them beside the judged ones: the on-policy round. They
lie in the run's folder, so a run that goes on finds the same ones. Called by the workshop. It must
not know judgements.
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

#: The list of them in their folder; written last.
LIST = "fresh.jsonl"


def fresh(
    parts: Components, lines: Sequence[PictureLine], each: int, folder: Path
) -> list[PictureLine]:
    """`each` new pictures of every prompt of the lines; drawn once and kept in the folder.

    A picture whose numbers ran off is left out.
    """
    listed = folder / LIST
    if listed.exists():
        rows = listed.read_text("utf-8").splitlines()
        return [read_json(PictureLine, row) for row in rows]
    found = list(_drawn(parts, {line.prompt_key: line for line in lines}, each, folder))
    partial = listed.with_suffix(".part")
    partial.write_text("".join(json_of(line) + "\n" for line in found), "utf-8")
    partial.replace(listed)
    return found


def _drawn(
    parts: Components, of_prompt: dict[str, PictureLine], each: int, folder: Path
) -> Iterator[PictureLine]:
    """Draw at the model's own size: what is trained on has it anyway."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    capacity = CAPACITY_CPU if parts.device.type == "cpu" else CAPACITY_GPU
    engine = SlotEngine(replace(parts, upscale=lanczos), capacity)
    requests = [
        RenderRequest(row_id=f"{key} {i}", draw=_draw(parts, line, i))
        for key, line in sorted(of_prompt.items())
        for i in range(each)
    ]
    by_row = {request.row_id: request.draw for request in requests}
    for row_id, outcome in draw_all(engine, requests):
        if isinstance(outcome, str):
            continue
        png = encode_png(outcome.rgb, outcome.width_px, outcome.height_px)
        sha256 = hashlib.sha256(png).hexdigest()
        name = f"pictures/{sha256}.png"
        (folder / name).write_bytes(png)
        line = of_prompt[row_id.partition(" ")[0]]
        yield replace(
            line,
            file_name=name,
            sha256=sha256,
            card_id=parts.card.id,
            seed=by_row[row_id].seed,
            up=0.0,
            down=0.0,
        )


def _draw(parts: Components, line: PictureLine, index: int) -> Draw:
    """As the line was drawn, but for its seed and its size."""
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
