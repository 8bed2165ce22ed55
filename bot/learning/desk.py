"""Everything that `/learn` needs, in one value: the lineage, the trials, the training, the models.

Built for the composition root, and handed to cogs as `services.learning`.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bot.drawing.shelf import Shelf
from bot.drawing.signals import Signals
from bot.learning.promoting import Promotion
from bot.learning.runs import stage_commands
from bot.learning.schooling import Schooling
from bot.learning.shadow import Shadow
from bot.store.consent import Consent
from bot.store.db import Database
from bot.store.duels import Duels
from bot.store.groundwork import Groundwork
from bot.store.licence_texts import LicenceTexts
from bot.store.lineage import Lineage
from bot.store.trials import TrialBook
from bot.store.trust import Trust
from models.catalogue.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningDesk:
    """Everything about models that the owner may see and change."""

    lineage: Lineage
    trials: TrialBook
    promotion: Promotion
    schooling: Schooling
    shadow: Shadow
    catalogue: Registry


def build_desk(
    db: Database,
    *,
    data_dir: Path,
    licences: LicenceTexts,
    catalogue: Registry,
    shelf: Shelf,
    signals: Signals,
    swap: Callable[[str], Awaitable[None]],
    clock: Callable[[], int],
    tagger: str | None = None,
    named: str | None = None,
) -> LearningDesk:
    """Build the desk; `swap` has the engine serve another card.

    `tagger` is the WD tagger that reads the pictures of models that know Danbooru's words; `named`
    is the model that MODEL names.
    """
    lineage, trials = Lineage(db), TrialBook(db)
    return LearningDesk(
        lineage=lineage,
        trials=trials,
        promotion=Promotion(
            lineage=lineage,
            catalogue=catalogue,
            shelf=shelf,
            licences=licences,
            swap=swap,
            clock=clock,
        ),
        schooling=Schooling(
            root=data_dir / "learning",
            python=sys.executable,
            catalogue=catalogue,
            shelf=shelf,
            groundwork=Groundwork(db),
            signals=signals.add_worker(),
            clock=clock,
            stage_command=stage_commands(tagger, named),
        ),
        shadow=Shadow(
            trials=trials,
            duels=Duels(db),
            trust=Trust(db),
            consent=Consent(db),
            catalogue=catalogue,
            signals=signals,
            active=lambda: shelf.active,
            clock=clock,
        ),
        catalogue=catalogue,
    )
