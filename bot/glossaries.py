"""The words that models know, read once for each model and kept; and long prompts while typed.

Built by the composition root, which asks for the first model's words at the start. A tags file that
cannot be read is told in one line, and its model has none. It must not know Discord or policy.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from pathlib import Path

from bot.domain import UserId
from models.catalogue.tags import files
from models.catalogue.tags.files import TagsError
from models.catalogue.tags.glossary import NOTHING, Glossary
from models.contract import ModelInfo

log = logging.getLogger(__name__)

#: Models whose words are kept, and tails of prompts of all members together.
_KEPT, _TAILS = 4, 5_000
#: Begins what is only the end of a prompt.
CUT = "⋯ "


class Glossaries:
    """Which words each model knows."""

    def __init__(self, spare: Path | None = None) -> None:
        """`spare` is the file for models that bring none."""
        self._spare = spare
        self._kept: OrderedDict[Path, Glossary] = OrderedDict()
        self._reading = asyncio.Lock()

    async def of(self, info: ModelInfo) -> Glossary:
        """What this model knows; `NOTHING` if nobody says. Read beside the loop, and once."""
        path = info.tags_file or self._spare
        if path is None:
            return NOTHING
        if path not in self._kept:
            async with self._reading:
                if path not in self._kept:
                    self._kept[path] = await asyncio.to_thread(_opened, path, info.card_id)
                    while len(self._kept) > _KEPT:
                        self._kept.popitem(last=False)
        return self._kept[path]


def _opened(path: Path, card_id: str) -> Glossary:
    try:
        glossary = Glossary(files.read(path))
    except TagsError as problem:
        log.warning("prompts for %s are not completed: %s", card_id, problem)
        return NOTHING
    glossary.prepare()
    return glossary


class Tails:
    """Prompts longer than Discord lets a choice be: a choice has the end, this has all of it.

    Kept in memory alone. What is forgotten is told, never drawn without its beginning.
    """

    def __init__(self) -> None:
        self._prompts: OrderedDict[tuple[UserId, str], str] = OrderedDict()

    def cut(self, user_id: UserId, prompt: str, limit: int) -> str:
        """The prompt in at most `limit` characters: as it is, or its end behind `CUT`."""
        if len(prompt) <= limit:
            return prompt
        end = prompt[len(CUT) - limit :]
        tail = CUT + (end.partition(" ")[2] or end)
        self._prompts[user_id, tail] = prompt
        self._prompts.move_to_end((user_id, tail))
        while len(self._prompts) > _TAILS:
            self._prompts.popitem(last=False)
        return tail

    def whole(self, user_id: UserId, text: str) -> str | None:
        """The prompt that a member means, with its beginning; None if that is forgotten."""
        if not text.startswith(CUT.strip()):
            return text
        fitting = (
            prompt + text[len(tail) :]
            for (user, tail), prompt in reversed(self._prompts.items())
            if user == user_id and text.startswith(tail)
        )
        return next(fitting, None)
