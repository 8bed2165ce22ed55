"""Image-to-image: a row starts from a picture with some noise, and is a row like any other."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.contract import Draw, Rendered, RenderRequest, Sampler
from models.engine.slots import SlotEngine, open_engine

PROMPT = "1girl, red hair, smile"
STEPS = 12


@pytest.fixture(scope="module")
def engine() -> Iterator[SlotEngine]:
    torch.manual_seed(0)
    opened = open_engine("embedded", device="cpu", threads=1)
    yield opened
    opened.close()


def draw(engine: SlotEngine, **changes: object) -> Draw:
    width_px, height_px = next(iter(engine.info.sizes_px.values()))
    plain = Draw(
        prompt=PROMPT, width_px=width_px, height_px=height_px, seed=5, steps=STEPS, guidance=4.0,
        sampler=Sampler.EULER_A,
    )  # fmt: skip
    return replace(plain, **changes)


def render(engine: SlotEngine, *requests: RenderRequest) -> dict[str, Rendered]:
    for request in requests:
        engine.admit(request)
    found: dict[str, Rendered] = {}
    while len(found) < len(requests):
        result = engine.step()
        assert not result.failed
        found |= {done.row_id: done for done in result.finished}
    return found


def pixels(rendered: Rendered) -> np.ndarray:
    return np.frombuffer(rendered.rgb, np.uint8).astype(float)


def png(rendered: Rendered) -> bytes:
    out = io.BytesIO()
    size = (rendered.width_px, rendered.height_px)
    Image.frombytes("RGB", size, rendered.rgb).save(out, "PNG")
    return out.getvalue()


def test_a_variation_stays_nearer_its_source_at_lower_strength(
    engine: SlotEngine,
) -> None:
    source = render(engine, RenderRequest(row_id="s", draw=draw(engine)))["s"]
    varied = {
        strength: RenderRequest(
            row_id=f"{strength}",
            draw=draw(engine, seed=9, source="s", strength=strength),
            source_png=png(source),
        )
        for strength in (0.4, 0.7)
    }
    other = RenderRequest(row_id="other", draw=draw(engine, seed=9))
    found = render(engine, *varied.values(), other)
    away = {name: np.abs(pixels(one) - pixels(source)).mean() for name, one in found.items()}
    assert 0 < away["0.4"] < away["0.7"] < away["other"]
    alone = render(engine, replace(varied[0.4], row_id="alone"))["alone"]
    assert np.abs(pixels(alone) - pixels(found["0.4"])).max() <= 2, "whatever shares its batch"


def test_strength_sets_the_share_of_steps_taken(engine: SlotEngine) -> None:
    assert draw(engine, source="s", strength=0.25).first_step == 9
    assert draw(engine, source="s", strength=0.0).first_step == STEPS - 1, "one step at least"
    assert draw(engine, source="s", strength=1.0).first_step == 0
    assert draw(engine).first_step == 0


def test_an_unreadable_source_is_refused_before_it_becomes_a_row(engine: SlotEngine) -> None:
    broken = RenderRequest(
        row_id="x", draw=draw(engine, source="s", strength=0.4), source_png=b"no picture"
    )
    with pytest.raises(OSError, match="cannot identify"):
        engine.admit(broken)
    assert not engine.evict("x")


def test_the_source_may_have_another_size(engine: SlotEngine, tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGB", (70, 33), "#c04040").save(out, "PNG")
    request = RenderRequest(
        row_id="y", draw=draw(engine, steps=2, source="s", strength=0.5), source_png=out.getvalue()
    )
    done = render(engine, request)["y"]
    assert (done.width_px, done.height_px) == (request.draw.width_px, request.draw.height_px)
