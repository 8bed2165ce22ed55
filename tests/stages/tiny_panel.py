"""The tiny bot with a panel: laid-out messages, selects of every kind, forms with files.

`python -m tests.stages.tiny_panel` connects it to `python -m bot.sandbox` on port 4800.
"""

from __future__ import annotations

import asyncio
import io
import sys
from typing import Any

import discord

from bot.sandbox.world.lounge import DEFAULT_TOKEN
from tests.stages.tiny_bot import TinyBot, point_at


def _layout(text: str, chosen_role: int | None = None) -> discord.ui.LayoutView:
    view: discord.ui.LayoutView = discord.ui.LayoutView(timeout=None)
    ui = discord.ui
    default = [discord.Object(chosen_role)] if chosen_role else []
    selects: list[discord.ui.Item[Any]] = [
        ui.RoleSelect(custom_id="tiny:role", placeholder="A role", min_values=0,
                      default_values=default),
        ui.ChannelSelect(custom_id="tiny:channel", placeholder="A category",
                         channel_types=[discord.ChannelType.category]),
        ui.MentionableSelect(custom_id="tiny:who", placeholder="Who", max_values=2),
    ]  # fmt: skip
    view.add_item(
        ui.Container(
            ui.TextDisplay(f"## Panel\n{text}\n-# small"),
            ui.Separator(),
            ui.Section("**Form** with a button", accessory=ui.Button(label="Open",
                                                                     custom_id="tiny:open")),
            *(ui.ActionRow(select) for select in selects),
            accent_color=0x7C6DF2,
        )
    )  # fmt: skip
    view.stop()
    return view


class _Form(discord.ui.Modal, title="Everything"):
    def __init__(self) -> None:
        super().__init__(custom_id="tiny:everything")
        ui = discord.ui
        paragraph = discord.TextStyle.paragraph
        for text, field in (
            ("Terms", ui.TextInput(custom_id="terms", style=paragraph, max_length=4000)),
            ("Role", ui.RoleSelect(custom_id="role")),
            ("File", ui.FileUpload(custom_id="file", required=False)),
            ("Strictness", ui.RadioGroup(custom_id="radio", options=[
                discord.RadioGroupOption(label=x.title(), value=x) for x in ("allow", "refuse")
            ])),
            ("Tell", ui.CheckboxGroup(custom_id="tell", required=False, options=[
                discord.CheckboxGroupOption(label=x.title(), value=x) for x in ("log", "review")
            ])),
        ):  # fmt: skip
            self.add_item(ui.Label(text=text, component=field))
        self.stop()


class PanelBot(TinyBot):
    """Answers its panel from the raw interaction alone, as after a restart."""

    def __init__(self) -> None:
        super().__init__()
        self.submitted: list[dict[str, Any]] = []

        @self.tree.command(description="A panel")
        async def panel(
            interaction: discord.Interaction[TinyBot], file: discord.Attachment | None = None
        ) -> None:
            text = (await file.read()).decode() if file else "nothing"
            await interaction.response.send_message(view=_layout(text), ephemeral=True)

        @self.tree.command(description="A file for you alone")
        async def letter(interaction: discord.Interaction[TinyBot]) -> None:
            letter_file = discord.File(io.BytesIO(b"dear"), "letter.toml")
            await interaction.response.send_message("Here.", file=letter_file, ephemeral=True)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        data: dict[str, Any] = dict(interaction.data or {})
        if data.get("custom_id") == "tiny:open":
            await interaction.response.send_modal(_Form())
        elif data.get("custom_id") == "tiny:everything":
            self.submitted.append(data)
            await interaction.response.edit_message(view=_layout("submitted"))
        elif data.get("values") is not None:
            role = int(data["values"][0]) if data["custom_id"] == "tiny:role" else None
            await interaction.response.edit_message(view=_layout(str(data["values"]), role))


async def main() -> None:
    port = sys.argv[1] if len(sys.argv) > 1 else "4800"
    point_at(f"http://127.0.0.1:{port}/api/v10", f"ws://127.0.0.1:{port}/gateway")
    await PanelBot().start(DEFAULT_TOKEN)


if __name__ == "__main__":
    asyncio.run(main())
