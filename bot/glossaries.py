"""Each model's vocabulary, read once and kept; and long prompts while a member types.

Built by the composition root, which loads the first model's vocabulary at the start. A tags file
that cannot be read is logged in one line, and its model has no vocabulary. Must not know Discord or
policy.
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

#: How many models' vocabularies are kept.
_KEPT = 4
#: How many members' prompt tails are kept, and how many of each: a few keystrokes' choices.
_MEMBERS, _TAILS = 100, 100
#: Marks a choice that shows only the end of a prompt.
CUT = "⋯ "


class Glossaries:
    """The vocabulary of each model."""

    def __init__(self, spare: Path | None = None) -> None:
        """`spare` is the file for models that bring none."""
        self._spare = spare
        self._kept: OrderedDict[Path, Glossary] = OrderedDict()
        self._reading = asyncio.Lock()

    async def of(self, info: ModelInfo) -> Glossary:
        """The vocabulary of this model; `NOTHING` if it has none. Read once, off the event loop."""
        path = info.tags_file or self._spare
        if path is None:
            return NOTHING
        if path not in self._kept:
            async with self._reading:
                if path not in self._kept:
                    self._kept[path] = await asyncio.to_thread(_read_glossary, path, info.card_id)
                    while len(self._kept) > _KEPT:
                        self._kept.popitem(last=False)
        return self._kept[path]


def _read_glossary(path: Path, card_id: str) -> Glossary:
    try:
        glossary = Glossary(files.read(path))
    except TagsError as problem:
        log.warning("prompts for %s are not completed: %s", card_id, problem)
        return NOTHING
    glossary.prepare()
    return glossary


class Tails:
    """Prompts longer than a Discord choice may be: a choice shows the end, this keeps the whole.

    Kept only in memory. If a prompt is lost the member is told; it is never drawn without its
    beginning.
    """

    def __init__(self) -> None:
        self._of: OrderedDict[UserId, OrderedDict[str, str]] = OrderedDict()

    def cut(self, user_id: UserId, prompt: str, limit: int) -> str:
        """The prompt in at most `limit` characters: unchanged, or its end after `CUT`."""
        if len(prompt) <= limit:
            return prompt
        end = prompt[len(CUT) - limit :]
        tail = CUT + (end.partition(" ")[2] or end)
        self._keep(user_id, tail, prompt)
        return tail

    def whole(self, user_id: UserId, text: str) -> str | None:
        """The whole prompt behind a choice; None if it is no longer kept."""
        if not text.startswith(CUT.strip()):
            return text
        prompts = self._of.get(user_id, OrderedDict())
        tail = next((tail for tail in reversed(prompts) if text.startswith(tail)), None)
        if tail is None:
            return None
        prompt = prompts[tail]
        # The tail that a member is typing on from stays, however long they type.
        self._keep(user_id, tail, prompt)
        return prompt + text[len(tail) :]

    def forget(self, user_id: UserId) -> None:
        """Drop everything of this member."""
        self._of.pop(user_id, None)

    def _keep(self, user_id: UserId, tail: str, prompt: str) -> None:
        """Keep a tail; evict the member's oldest, and the member idle for longest."""
        prompts = self._of.setdefault(user_id, OrderedDict())
        prompts[tail] = prompt
        prompts.move_to_end(tail)
        self._of.move_to_end(user_id)
        if len(prompts) > _TAILS:
            prompts.popitem(last=False)
        if len(self._of) > _MEMBERS:
            self._of.popitem(last=False)
