"""A small discord.py bot for the sandbox's tests, and to try the page with:

`python tests/stages/tiny_bot.py` connects to `python -m bot.sandbox` on port 4800.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import sys
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
from bot.sandbox.wire.images import heart
from bot.sandbox.wire.server import Sandbox
from bot.sandbox.world.lounge import DEFAULT_TOKEN

INTENTS = discord.Intents(guilds=True, guild_reactions=True)


class AgainView(discord.ui.View):
    """A button and a menu."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Again", custom_id="tiny:again")
    async def again(
        self, interaction: discord.Interaction, _button: discord.ui.Button[AgainView]
    ) -> None:
        await interaction.response.send_message("again!", ephemeral=True)

    @discord.ui.button(label="Form", custom_id="tiny:form")
    async def form(
        self, interaction: discord.Interaction, _button: discord.ui.Button[AgainView]
    ) -> None:
        await interaction.response.send_modal(TinyModal())

    @discord.ui.select(
        custom_id="tiny:pick",
        options=[discord.SelectOption(label=x, value=x) for x in ("red", "green", "blue")],
        max_values=2,
    )
    async def pick(
        self, interaction: discord.Interaction, select: discord.ui.Select[AgainView]
    ) -> None:
        await interaction.response.edit_message(content=f"picked {' '.join(select.values)}")


class TinyModal(discord.ui.Modal, title="A form"):
    name: discord.ui.Label[TinyModal] = discord.ui.Label(
        text="Name", component=discord.ui.TextInput(custom_id="name", max_length=20)
    )

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        assert isinstance(self.name.component, discord.ui.TextInput)
        await interaction.response.send_message(f"hello {self.name.component.value}")


class TinyBot(discord.Client):
    """Records every raw event in `events`."""

    def __init__(self, intents: discord.Intents = INTENTS) -> None:
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0.1,
        )
        self.tree = app_commands.CommandTree(self)
        self.events: list[tuple[str, object]] = []
        self.connected = 0
        self.resumed = 0
        self.became_ready = asyncio.Event()
        add_commands(self.tree)

    async def setup_hook(self) -> None:
        self.add_view(AgainView())
        await self.tree.sync()

    async def on_ready(self) -> None:
        self.became_ready.set()

    async def on_connect(self) -> None:
        self.connected += 1

    async def on_resumed(self) -> None:
        self.resumed += 1

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        self.events.append(("add", event))

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        self.events.append(("remove", event))

    async def on_raw_reaction_clear(self, event: discord.RawReactionClearEvent) -> None:
        self.events.append(("clear", event))

    async def on_raw_reaction_clear_emoji(self, event: discord.RawReactionClearEmojiEvent) -> None:
        self.events.append(("clear_emoji", event))

    async def on_message(self, message: discord.Message) -> None:
        self.events.append(("message", message))

    def channel(self, name: str) -> discord.TextChannel:
        return next(c for c in self.get_all_channels() if c.name == name)  # type: ignore[return-value]

    def event_count(self, kind: str) -> int:
        return sum(1 for name, _ in self.events if name == kind)


def add_commands(tree: app_commands.CommandTree[TinyBot]) -> None:  # noqa: C901  a list of commands
    @tree.command(description="Draw a heart")
    @app_commands.describe(prompt="what to draw", count="how many", shape="its shape")
    @app_commands.choices(shape=[app_commands.Choice(name=n, value=n) for n in ("round", "tall")])
    async def draw(
        interaction: discord.Interaction[TinyBot],
        prompt: app_commands.Range[str, 1, 1000],
        count: app_commands.Range[int, 1, 4] = 1,
        shape: str = "round",
        weight: float = 1.0,
    ) -> None:
        await interaction.response.defer()
        files = [
            discord.File(io.BytesIO(heart((255, 0, 0))), f"heart{n}.png") for n in range(count)
        ]
        await interaction.edit_original_response(
            content=f"{prompt} ({shape})", attachments=files, view=AgainView()
        )

    @tree.command(description="Answer at once")
    async def ping(interaction: discord.Interaction[TinyBot]) -> None:
        await interaction.response.send_message("pong")

    @tree.command(description="Only you can see it")
    async def secret(interaction: discord.Interaction[TinyBot]) -> None:
        await interaction.response.send_message("hush", ephemeral=True)
        await interaction.followup.send("psst", ephemeral=True)

    @tree.command(description="Never answers")
    async def silent(interaction: discord.Interaction[TinyBot]) -> None:
        pass

    @tree.command(description="For managers of the server")
    @app_commands.default_permissions(manage_guild=True)
    async def manage(interaction: discord.Interaction[TinyBot], who: discord.Member) -> None:
        await interaction.response.send_message(f"managed {who.display_name}")

    @tree.command(description="For adults", nsfw=True)
    async def lewd(interaction: discord.Interaction[TinyBot]) -> None:
        await interaction.response.send_message("no")

    @tree.command(description="Shows a form")
    async def form(interaction: discord.Interaction[TinyBot]) -> None:
        await interaction.response.send_modal(TinyModal())

    colors = app_commands.Group(name="colors", description="About colours")

    @colors.command(description="Find a colour")
    async def find(interaction: discord.Interaction[TinyBot], name: str) -> None:
        await interaction.response.send_message(f"found {name}")

    @find.autocomplete("name")
    async def suggest(
        _interaction: discord.Interaction[TinyBot], current: str
    ) -> list[app_commands.Choice[str]]:
        names = ("red", "rose", "green")
        return [app_commands.Choice(name=n, value=n) for n in names if n.startswith(current)]

    tree.add_command(colors)

    @tree.context_menu(name="Quote")
    async def quote(interaction: discord.Interaction[TinyBot], message: discord.Message) -> None:
        await interaction.response.send_message(f"> {message.content}")


def point_at(rest_url: str, gateway_url: str) -> None:
    Route.BASE = rest_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


@contextlib.asynccontextmanager
async def running(bot: TinyBot, token: str) -> AsyncGenerator[TinyBot]:
    """The bot, logged in and ready; an error that ends it early is raised here."""
    work = asyncio.create_task(bot.start(token))
    ready = asyncio.create_task(bot.became_ready.wait())
    await asyncio.wait({work, ready}, return_when=asyncio.FIRST_COMPLETED, timeout=15)
    ready.cancel()
    try:
        if work.done():
            work.result()
        assert bot.became_ready.is_set(), "the bot did not become ready"
        yield bot
    finally:
        await bot.close()
        await asyncio.gather(work, return_exceptions=True)


@contextlib.asynccontextmanager
async def lounge(
    intents: discord.Intents = INTENTS, **options: Any
) -> AsyncGenerator[tuple[Sandbox, TinyBot]]:
    """A sandbox with the tiny bot in it."""
    async with Sandbox(**options) as sandbox:
        point_at(sandbox.rest_url, sandbox.gateway_url)
        async with running(TinyBot(intents), sandbox.token) as bot:
            yield sandbox, bot


async def until(condition: Callable[[], object], timeout_s: float = 5.0) -> None:
    """Wait until the condition becomes true."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


async def main() -> None:
    point_at("http://127.0.0.1:4800/api/v10", "ws://127.0.0.1:4800/gateway")
    await TinyBot().start(DEFAULT_TOKEN)


if __name__ == "__main__":
    asyncio.run(main())
