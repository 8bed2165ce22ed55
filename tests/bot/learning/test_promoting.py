"""Promotion and rollback with the real engine on two tiny cards: one of them always serves."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from bot.domain import UserId
from bot.drawing.handle import LocalThread
from bot.drawing.shelf import Shelf
from bot.learning.promoting import Promotion
from bot.store.licence_texts import LicenceTexts
from bot.store.lineage import Lineage
from models.catalogue import card as cards
from models.catalogue.registry import Registry, card_of, seal
from models.contract import EngineError
from tests.stages.cards import make_card, put_card, with_verdict
from tests.stages.factories import OTHER, USER
from tests.stages.fake_engine import INFO
from tests.stages.house import house
from tests.stages.stores import open_stores
from tests.stages.tiny_models import build
from tests.stages.trying_out import begin_lineage


@pytest.fixture(scope="module")
def shelf_of_two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base outside the catalogue, and a passed candidate in it that draws differently."""
    root = tmp_path_factory.mktemp("two")
    base = build(root / "base")
    candidate = root / "models" / "base-2"
    shutil.copytree(base, candidate)
    (weights,) = (candidate / "unet").glob("*.safetensors")
    save_file({name: 0.9 * value for name, value in load_file(weights).items()}, weights)
    (candidate / "LICENSE.md").write_text("Be kind.\n")
    card = replace(card_of(candidate), id="base-2", parent="base")
    cards.write(with_verdict(seal(card, candidate)), candidate / cards.FILE_NAME)
    return root


async def test_a_rollback_gives_back_byte_identical_pictures(
    shelf_of_two: Path, tmp_path: Path
) -> None:
    async with house(shelf_of_two, tmp_path) as h:
        before = await h.draw_file()
        answer = await h.promotion.promote("base-2", by_id=USER, why="a test")
        assert answer.startswith("`base-2` is now in use.")
        assert h.shelf.active.card_id == "base-2"
        after = await h.draw_file()
        assert after != before
        assert await h.draw_file("base") == before, "the old card draws what was asked of it"
        assert (await h.promotion.rollback(by_id=USER, why="a test")).startswith(
            "`base` is in use again"
        )
        assert await h.draw_file() == before
        assert await h.draw_file("base-2") == after
        assert (tmp_path / "licences" / "base-2.txt").read_text().endswith("Be kind.\n")


@dataclass(frozen=True, kw_only=True)
class Throne:
    """Promotions over two cards without weights, `one` and then `two`, and what was loaded."""

    promotion: Promotion
    lineage: Lineage
    served: list[str]


@pytest.fixture
async def throne(tmp_path: Path) -> AsyncIterator[Throne]:
    async with open_stores(tmp_path) as stores:
        lineage, catalogue = await begin_lineage(stores.db), Registry(tmp_path / "models")
        shelf, served = Shelf(catalogue), list[str]()
        shelf.activate(INFO)

        async def swap(card_id: str) -> None:
            served.append(card_id)
            await asyncio.sleep(0)

        promotion = Promotion(
            lineage=lineage, catalogue=catalogue, shelf=shelf,
            licences=LicenceTexts(tmp_path / "papers"), swap=swap, clock=lambda: 5,
        )  # fmt: skip
        for card_id in ("one", "two"):
            put_card(tmp_path / "models", make_card(card_id))
            await promotion.promote(card_id, by_id=USER, why="a test")
        yield Throne(promotion=promotion, lineage=lineage, served=served)


async def test_only_one_of_two_simultaneous_rollbacks_takes_effect(throne: Throne) -> None:
    """Two rollbacks in a row go back two cards, and neither of them meant that."""
    answers = await asyncio.gather(
        throne.promotion.rollback(by_id=USER, why="a test"),
        throne.promotion.rollback(by_id=UserId(OTHER), why="a test"),
    )
    assert throne.served == ["one", "two", "one"]
    assert (await throne.lineage.history())[-1].card_id == "one"
    assert min(answers).startswith("Someone switched models while you were deciding")


async def test_a_rollback_refuses_a_card_whose_files_have_changed(
    throne: Throne, tmp_path: Path
) -> None:
    """The gate may have passed these files too, but they are not the ones that served."""
    folder = tmp_path / "models" / "one"
    (folder / "weights").write_text("others")
    cards.write(
        with_verdict(seal(cards.read(folder / cards.FILE_NAME), folder)), folder / "card.json"
    )
    answer = await throne.promotion.rollback(by_id=USER, why="a test")
    assert "have changed since it was last in use" in answer
    assert throne.served == ["one", "two"]


async def test_a_start_serves_the_card_last_promoted_or_rolled_back_to(
    shelf_of_two: Path, tmp_path: Path
) -> None:
    async with house(shelf_of_two, tmp_path) as h:
        await h.promotion.promote("base-2", by_id=USER, why="a test")
    async with house(shelf_of_two, tmp_path) as h:
        assert h.shelf.active.card_id == "base-2"
        await h.draw_file("base")
        await h.promotion.rollback(by_id=USER, why="a test")
    async with house(shelf_of_two, tmp_path) as h:
        assert h.shelf.active.card_id == "base"


async def test_a_promotion_killed_before_its_swap_serves_at_the_next_start(
    shelf_of_two: Path, tmp_path: Path
) -> None:
    """Killed between the two: the engine had not changed, and the row was there."""
    async with house(shelf_of_two, tmp_path) as h:
        card = Registry(shelf_of_two / "models").card("base-2")
        await h.lineage.promote(card, serving_id="base", by_id=USER, why="a test", now_ms=5)
        assert h.shelf.active.card_id == "base"
    async with house(shelf_of_two, tmp_path) as h:
        assert h.shelf.active.card_id == "base-2"


@pytest.mark.parametrize("fault", ["gone", "other card", "other bytes"])
async def test_a_changed_promoted_card_is_not_served_but_stays_on_record(
    shelf_of_two: Path, tmp_path: Path, fault: str
) -> None:
    root = tmp_path / "root"
    shutil.copytree(shelf_of_two, root)
    folder = root / "models" / "base-2"
    async with house(root, tmp_path) as h:
        await h.promotion.promote("base-2", by_id=USER, why="a test")
    kept = folder.rename(root / "elsewhere")
    if fault != "gone":
        shutil.copytree(kept, folder)
        (folder / "unet" / "more.txt").write_text("x")
        (weights,) = (folder / "unet").glob("*.safetensors")
        if fault == "other card":
            seal(cards.read(folder / cards.FILE_NAME), folder)
        else:
            weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    async with house(root, tmp_path) as h:
        assert h.shelf.active.card_id == "base"
        assert (await h.lineage.history())[-1].card_id == "base-2"
        answer = await h.promotion.rollback(by_id=USER, why="it is broken")
        assert answer.startswith("`base` is in use again")
    shutil.rmtree(folder, ignore_errors=True)
    kept.rename(folder)
    async with house(root, tmp_path) as h:
        assert h.shelf.active.card_id == "base"


async def test_a_card_that_cannot_be_opened_leaves_the_old_one_in_use(
    shelf_of_two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(shelf_of_two, tmp_path) as h:

        async def broken(_self: LocalThread, _model: str) -> None:
            raise EngineError("there is no memory for it.")

        monkeypatch.setattr(LocalThread, "swap", broken)
        answer = await h.promotion.promote("base-2", by_id=USER, why="a test")
        assert answer == (
            "I can't open `base-2`, so I'm keeping `base`. there is no memory for it."
        )
        assert h.shelf.active.card_id == "base"
        assert (await h.lineage.history())[-1].card_id == "base"


@pytest.mark.parametrize(("card", "words"), [("nobody", "no card"), ("../base", "no card")])
async def test_an_unknown_card_is_not_promoted(
    shelf_of_two: Path, tmp_path: Path, card: str, words: str
) -> None:
    async with house(shelf_of_two, tmp_path) as h:
        assert words in await h.promotion.promote(card, by_id=USER, why="a test")


async def test_changed_bytes_are_not_promoted_whatever_the_card_says(
    shelf_of_two: Path, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    shutil.copytree(shelf_of_two, root)
    (weights,) = (root / "models" / "base-2" / "unet").glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    async with house(root, tmp_path) as h:
        answer = await h.promotion.promote("base-2", by_id=USER, why="a test")
        assert "is not the file its card names" in answer
        assert len(await h.lineage.history()) == 1, "it is refused before it reaches the engine"
        assert h.shelf.active.card_id == "base"
