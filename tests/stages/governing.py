"""A moderator's panel in the simulated server, and methods to operate it as a person does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simcord.actors import MemberActor
from simcord.results import InteractionResult, ResponseMessage

from bot.domain import GuildId
from bot.store.guilds import PolicyVersion
from tests.stages.front import Front, front

LOGBOOK = "cogs.governing.logbook"


def components_in(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every component, outermost first."""
    for component in components:
        yield component
        yield from components_in(component.get("components") or [])


@dataclass
class PanelView:
    """The current state of one moderator's panel."""

    desk: Front
    who: MemberActor
    message: ResponseMessage
    #: The answer to the latest press.
    result: InteractionResult

    @property
    def text(self) -> str:
        """Its readable text."""
        parts = components_in(self.message.components)
        return "\n".join(part["content"] for part in parts if "content" in part)

    @property
    def ids(self) -> list[str]:
        """The ids of its buttons and menus."""
        return [p["custom_id"] for p in components_in(self.message.components) if "custom_id" in p]

    def id_of(self, start: str) -> str:
        """The id of the button or menu that begins with `start`, whatever its version."""
        action, _, rest = start.partition(":")
        matching = [i for i in self.ids if i.split(":")[1] == action and _rest(i).startswith(rest)]
        assert matching, (start, self.ids)
        return matching[0]

    async def press(self, start: str) -> PanelView:
        """Press the button named by `action:args`."""
        return self._update(await self.who.click(self.message, custom_id=self.id_of(start)))

    async def choose(self, start: str, *values: Any) -> PanelView:
        """Choose from the menu named by `action:args`."""
        custom_id = self.id_of(start)
        return self._update(await self.who.select(self.message, values, custom_id=custom_id))

    async def fill(self, start: str, **fields: str) -> PanelView:
        """Open the form behind a button and submit it."""
        shown = await self.who.click(self.message, custom_id=self.id_of(start))
        assert shown.modal is not None
        return self._update(await self.who.submit_modal(shown, fields))

    async def open_page(self, page: str) -> PanelView:
        """Go back to the first page and open one of its pages."""
        if any(_rest(press) == "home" for press in self.ids):
            await self.press("open:home")
        return await self.choose("open:", page)

    def _update(self, result: InteractionResult) -> PanelView:
        self.result = result
        if result.response is not None and result.response.id == self.message.id:
            self.message = result.response
        return self


def _rest(custom_id: str) -> str:
    """The part of an id after its action and version."""
    return ":".join(custom_id.split(":")[3:])


async def open_panel(desk: Front, who: MemberActor) -> PanelView:
    """Open the panel as this member."""
    result = await who.slash(desk.channel, "policy panel")
    assert result.response is not None
    assert result.response.ephemeral
    return PanelView(desk=desk, who=who, message=result.response, result=result)


async def current_policy(desk: Front) -> PolicyVersion:
    """The current policy."""
    return await desk.services.guilds.current(GuildId(desk.guild.id))


@asynccontextmanager
async def front_with_panel(tmp_path: Path) -> AsyncIterator[Front]:
    """A server with the panel and the log channel's cog."""
    async with front(tmp_path, LOGBOOK) as built:
        yield built
