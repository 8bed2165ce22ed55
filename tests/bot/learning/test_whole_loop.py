"""Votes, export, training, gate, promotion, pictures, rollback: the real commands at tiny size."""

from __future__ import annotations

import asyncio
import hashlib
import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.curating.keys import split_of
from bot.learning import schooling as room
from bot.learning.runs import UNDER_WAY, LearningRun, RunStage, Workplace, stage_commands
from bot.learning.schooling import Schooling
from bot.store.consent import Consent
from bot.store.groundwork import Groundwork
from bot.store.nameless import read_key
from bot.store.outbox import Outbox
from bot.store.votes import Votes
from models.catalogue import card as cards
from models.catalogue.card import Licence, Score
from models.catalogue.registry import card_of, seal
from models.manifest import Split
from tests.stages.factories import OTHER, USER, make_post, make_reaction
from tests.stages.house import House, house
from tests.stages.tiny_models import build
from tests.stages.tiny_onnx import write_tagger

#: Training prompts, held-out prompts, pictures of each, voters, and the side of a picture.
TRAINED, HELD_OUT, EACH, VOTERS, SIDE_PX = 11, 3, 2, 3, 16
#: Today's gate, with floors that four steps of training on noise can reach.
LENIENT = """
import sys
from dataclasses import replace
from models.measuring.gate import floors
for kind in floors.FLOORS:
    if kind not in (floors.Measure.FILES, floors.Measure.LICENCE):
        floors.FLOORS[kind] = replace(floors.FLOORS[kind], least=None, most=None)
from models.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
_FEW = {
    RunStage.EXPORT: (),
    RunStage.TRAIN: (
        "--steps", "4", "--pairs", "3", "--threads", "1", "--device", "cpu", "--as-judged",
    ),
    RunStage.JUDGE: (
        "--followed", "2", "--prompts", "1", "--seeds", "2", "--trained", "1", "--threads", "1",
    ),
}  # fmt: skip


def orders(tagger: Path):  # noqa: ANN201  a `StageCommand`
    """Use the real commands, with few steps and few pictures."""

    def small_orders(run: LearningRun, place: Workplace) -> Sequence[str]:
        _, room_, *rest = stage_commands(str(tagger))(run, place)
        entry = ("-c", LENIENT) if run.stage is RunStage.JUDGE else ("-m", room_)
        return (*entry, *rest, *_FEW[run.stage])

    return small_orders


def base_at(folder: Path) -> Path:
    """A tiny model with a card, whose pictures need no scorer for nudity."""
    build(folder)
    (folder / "LICENSE.md").write_text("Be kind.\n")
    licence = Licence(
        name="Kind", file="LICENSE.md", sha256=hashlib.sha256(b"Be kind.\n").hexdigest()
    )
    plain = replace(card_of(folder), id="base", scores=(Score.BLANK,), licence=licence)
    cards.write(seal(plain, folder), folder / cards.FILE_NAME)
    return folder


async def prompts(h: House) -> list[str]:
    """Enough prompts of each split: the key of a new database is random."""
    key = await read_key(h.db)

    def of(split: Split, many: int) -> list[str]:
        named = (f"1girl, {n}" for n in count())
        return list(islice((text for text in named if split_of(key, text) is split), many))

    return [*of(Split.TRAIN, TRAINED), *of(Split.HELD_OUT, HELD_OUT)]


async def vote(h: House) -> None:
    """Have every voter like the brighter of two pictures of a prompt."""
    votes, outbox, message = Votes(h.db), Outbox(h.db), 100
    await Consent(h.db).set_sharing(USER, True, 1)
    for n, prompt in enumerate(await prompts(h)):
        shown: list[tuple[float, int]] = []
        for seed in range(EACH):
            message += 1
            job, png = await h.draw_picture(None, prompt, 10 * n + seed, SIDE_PX)
            found = await h.views.get(job)
            assert found is not None
            assert await outbox.record_delivery(
                found.owed_post_id, make_post(job, message=message), 9
            )
            with Image.open(io.BytesIO(png)) as picture:
                shown.append((float(np.asarray(picture).mean()), message))
        for place, (_, shown_as) in enumerate(sorted(shown)):
            for voter in range(VOTERS):
                emoji = "👍" if place else "👎"
                await votes.record(make_reaction(shown_as, OTHER + voter, emoji))


@pytest.mark.slow(20)
@pytest.mark.timeout(600)
async def test_the_loop_from_votes_to_rollback_restores_identical_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = base_at(tmp_path / "base")
    for name, value in (("DATA_DIR", tmp_path), ("MODEL", base), ("DISCORD_TOKEN", "x.y.z")):
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(room, "_CALM_S", 0.1)
    tagger = write_tagger(tmp_path / "tagger", {"1girl": (0.0, 0.0, 0.0, 9.0)})
    async with house(tmp_path, tmp_path) as h:
        await vote(h)
        before = await h.draw_file()
        school = Schooling(
            root=tmp_path / "learning", python=sys.executable, catalogue=h.catalogue,
            shelf=h.shelf, groundwork=Groundwork(h.db), signals=h.signals.add_worker(),
            clock=lambda: 5, stage_command=orders(tagger),
        )  # fmt: skip
        working = asyncio.create_task(school.run())
        assert (await school.start()).startswith("Training `base-v2` from `base`")
        while (run := school.latest_run) is None or run.stage in UNDER_WAY:
            await asyncio.sleep(0.05)
        # The end is written down first, and the run's files are removed afterwards.
        while [path.name for path in (tmp_path / "learning").iterdir()] != ["run.json"]:
            await asyncio.sleep(0.05)
        working.cancel()
        await asyncio.wait([working])
        assert run.stage is RunStage.PASSED, run.said
        card = h.catalogue.card("base-v2")
        assert (card.parent, len(card.manifests or ())) == ("base", 1)
        answer = await h.promotion.promote("base-v2", by_id=USER, why="a test")
        assert answer.startswith("`base-v2` is now in use.")
        assert await h.draw_file() != before, "it has learned something"
        assert (await h.promotion.rollback(by_id=USER, why="a test")).startswith(
            "`base` is in use again"
        )
        assert await h.draw_file() == before
