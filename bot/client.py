"""The Discord client: `WaifuBot` and the command tree.

The only file of `bot/` that knows discord.py. The composition root builds `Services` and calls
`serve`; cogs receive everything through the bot's `services`.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import json
import logging
import secrets
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.domain import BotError, DiskFullError, SettingsError, StorageError
from bot.languages import language
from bot.languages import load as load_languages
from bot.log import whereabouts
from bot.services import Services
from bot.settings import Settings
from bot.words import excuses
from bot.words.speaking import say, speak, speaking

log = logging.getLogger(__name__)

_NAMES = frozenset(
    {
        app_commands.TranslationContextLocation.command_name,
        app_commands.TranslationContextLocation.group_name,
        app_commands.TranslationContextLocation.parameter_name,
    }
)
_REFUSED = (
    "DISCORD_TOKEN was refused by Discord: reset it on the Bot page of your application and copy "
    "the new one into .env."
)
#: Seconds before the next connection attempt; the pause doubles up to the second value.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
#: A connection that lasted this long was good: the pause starts over from the first value.
_GOOD_CONNECTION_S = 120.0


Interaction: TypeAlias = "discord.Interaction[WaifuBot]"


def speak_to(interaction: Interaction) -> None:
    """Use the member's language for the rest of this task."""
    speak(language(str(interaction.locale)))


class Translator(app_commands.Translator):
    """Translates what Discord shows of the commands, except command and option names.

    The names stay as typed everywhere, because answers, the help and pasted settings use them.
    """

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """The translated text; None where the English serves."""
        if context.location in _NAMES and not isinstance(context.data, app_commands.ContextMenu):
            return None
        with speaking(language(locale.value)):
            translated = say(string.message)
        return None if translated == string.message else translated


class GatedTree(app_commands.CommandTree["WaifuBot"]):
    """Checks every command before it runs and handles every command's errors."""

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Refuse interactions outside a server: policy, votes and posts belong to servers."""
        speak_to(interaction)
        if interaction.guild_id is not None:
            return True
        if interaction.type is not discord.InteractionType.autocomplete:
            await interaction.response.send_message(excuses.SERVERS_ONLY(), ephemeral=True)
        return False

    async def on_error(
        self, interaction: Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        """Tell the user what they can do, or give an incident id; the log gets the whole story."""
        if isinstance(error, app_commands.CommandOnCooldown):
            # In its last second the command still rests: round up.
            await _answer(interaction, excuses.RESTING(seconds=int(error.retry_after) + 1))
            return
        if isinstance(error, app_commands.CheckFailure) and interaction.response.is_done():
            # A failing check has already answered with its reason.
            return
        if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            await _answer(interaction, excuses.OLD_COMMAND())
            return
        await report_incident(interaction, error)


async def report_incident(interaction: Interaction, error: BaseException) -> None:
    """Answer a failed interaction with a friendly line and an id that the log repeats."""
    cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    if isinstance(error, app_commands.MissingPermissions):
        await _answer(interaction, excuses.MANAGE_SERVER())
        return
    if isinstance(cause, BotError):
        with whereabouts(guild=interaction.guild_id):
            log.error("%s failed: %s", _name(interaction), cause)
        await _answer(interaction, _apology(cause))
        return
    incident = secrets.token_hex(4)
    with whereabouts(guild=interaction.guild_id):
        log.error("incident %s in %s", incident, _name(interaction), exc_info=cause)
    await _answer(
        interaction,
        excuses.INCIDENT(id=incident),
    )


def _apology(problem: BotError) -> str:
    """What a member reads about a fault that the operator can fix."""
    match problem:
        case DiskFullError():
            return excuses.DISK_FULL()
        case StorageError():
            return excuses.DISK_FAULT()
        case _:
            return excuses.DATABASE_FAULT()


def _name(interaction: Interaction) -> str:
    if interaction.command is not None:
        return interaction.command.qualified_name
    return str((interaction.data or {}).get("custom_id", interaction.type.name))


async def _answer(interaction: Interaction, text: str) -> None:
    try:
        if interaction.response.is_done():
            await interaction.followup.send(text, ephemeral=True)
        else:
            await interaction.response.send_message(text, ephemeral=True)
    except (discord.HTTPException, aiohttp.ClientError) as problem:
        log.warning("could not tell the user of an incident: %s", problem)


class WaifuBot(commands.Bot):
    """The bot on Discord. `services` holds everything that its cogs work with."""

    def __init__(self, services: Services) -> None:
        intents = discord.Intents(
            guilds=True, guild_messages=True, guild_reactions=True, emojis_and_stickers=True
        )
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=intents,
            tree_cls=GatedTree,
            allowed_mentions=discord.AllowedMentions.none(),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            activity=discord.Activity(type=discord.ActivityType.listening, name="/waifu"),
        )
        self.services = services
        self.failure: BaseException | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        #: Discord's ids of the typed commands, by name.
        self._command_ids: dict[str, int] = {}

    async def setup_hook(self) -> None:
        """Load the cogs by name, and register our commands with Discord if they changed."""
        await asyncio.to_thread(load_languages)
        for name in importlib.import_module("cogs").EXTENSIONS:
            await self.load_extension(name)
        await self._sync_commands()

    async def _sync_commands(self) -> None:
        """Sync only after a change: Discord allows 200 creates a day, and a sync takes a while."""
        guild_id = self.services.settings.dev_guild_id
        guild = discord.Object(guild_id) if guild_id is not None else None
        if guild is not None:
            self.tree.copy_global_to(guild=guild)
        translator = Translator()
        await self.tree.set_translator(translator)
        payload = [
            await command.get_translated_payload(self.tree, translator)
            for command in self.tree.get_commands(guild=guild)
        ]
        digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
        mark = self.services.settings.data_dir / f"commands-{self.application_id}.sha256"
        known = _read_mark(mark)
        registered = await self.tree.fetch_commands(guild=guild)
        self._note_ids(registered)
        if digest == known and {c.name for c in registered} == {c["name"] for c in payload}:
            return
        self._note_ids(await self.tree.sync(guild=guild))
        try:
            mark.write_text(digest)
        except OSError as problem:
            log.warning(
                "%s cannot be written, so every start syncs the commands: %s", mark, problem
            )
        log.info("synced %s commands", len(payload))

    def _note_ids(self, registered: Iterable[app_commands.AppCommand]) -> None:
        typed = (c for c in registered if c.type is discord.AppCommandType.chat_input)
        self._command_ids = {command.name: command.id for command in typed}

    def link(self, command: str) -> str:
        """A clickable mention of a command such as `policy panel`."""
        number = self._command_ids.get(command.partition(" ")[0])
        return f"`/{command}`" if number is None else f"</{command}:{number}>"

    async def on_message(self, message: discord.Message, /) -> None:
        """Read no message; discord.py's own handler would look for commands in it."""

    def spawn(self, work: Coroutine[None, None, None], *, name: str) -> None:
        """Run a cog's background task; if it fails, close the bot so that `serve` starts afresh."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._task_ended)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or task.exception() is None:
            return
        self.failure = task.exception()
        log.error("%s failed", task.get_name(), exc_info=self.failure)
        self.spawn(self.close(), name="close after a failure")

    async def close(self) -> None:
        """Stop the background tasks, then close the connection."""
        current = asyncio.current_task()
        others = [task for task in self._tasks if task is not current]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await super().close()


def _read_mark(mark: Path) -> str:
    """The mark of the last sync, or nothing if it cannot be read; then the commands sync again."""
    try:
        return mark.read_text()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as problem:
        log.warning("%s cannot be read, so the commands are synced again: %s", mark, problem)
        return ""


def point_at(settings: Settings) -> None:
    """Aim discord.py at the addresses in the settings: the one place that redirects it.

    The REST client and the webhook adapter share `Route.BASE`; the gateway's default address is
    used at every fresh IDENTIFY (discord.py 2.7.1 asks /gateway only when sharded).
    """
    Route.BASE = settings.discord_api_base
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.discord_gateway_url)


async def serve(services: Services, token: str) -> None:
    """Keep the bot on Discord until cancelled, through every outage.

    discord.py 2.7.1 reconnects by itself after its first connection, but dies with AttributeError
    when that first connection fails; so a fresh client is made after a pause that doubles.

    Raises `SettingsError` when retrying cannot help: a refused token, a missing intent.
    """
    pause_s = _FIRST_PAUSE_S
    loop = asyncio.get_running_loop()
    while True:
        began_s = loop.time()
        reason = await _connect_once(services, token)
        if loop.time() - began_s > _GOOD_CONNECTION_S:
            pause_s = _FIRST_PAUSE_S
        log.warning("not connected to Discord (%s); next try in %.0f s", reason, pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


async def register_commands(services: Services, token: str) -> None:
    """Register the bot's commands with Discord, without connecting to its gateway."""
    async with WaifuBot(services) as bot:
        await bot.login(token)


async def _connect_once(services: Services, token: str) -> str:
    """Run one client until it stops; return the reason in a few words."""
    async with WaifuBot(services) as bot:
        try:
            await bot.start(token)
        except discord.LoginFailure:
            raise SettingsError(_REFUSED) from None
        except discord.PrivilegedIntentsRequired:
            raise SettingsError(
                "Discord refused the intents; this bot needs none of the privileged ones, so "
                "check that the token belongs to a bot application."
            ) from None
        except (discord.DiscordException, aiohttp.ClientError, OSError) as problem:
            return f"{type(problem).__name__}: {problem}"
        except AttributeError as problem:
            if "sequence" not in str(problem):
                raise
            return "the first gateway connection failed"
        return f"{bot.failure!r}" if bot.failure else "closed"


#: The permissions that the bot needs in a channel, by discord.py's names; shown with spaces.
NEEDED_PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    attach_files=True,
    embed_links=True,
    add_reactions=True,
    read_message_history=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    """What `doctor` learns from Discord: each server's name and its missing permissions."""

    name: str
    invite: str
    lacking: dict[str, list[str]]


async def probe(token: str) -> ProbeReport:
    """Log in without a gateway and check the permissions in every server.

    Raises `SettingsError` when the token is refused and `BotError` when Discord is out of reach.
    """
    async with discord.Client(intents=discord.Intents.none()) as visitor:
        try:
            await visitor.login(token)
            lacking = {
                guild.name: await _missing_permissions(visitor, guild.id)
                async for guild in visitor.fetch_guilds(limit=100)
            }
        except discord.LoginFailure:
            raise SettingsError(_REFUSED) from None
        except (discord.HTTPException, aiohttp.ClientError, OSError) as problem:
            raise BotError(f"Discord cannot be reached ({problem}): check the network.") from None
        assert visitor.user is not None, "login has fetched the user"
        invite = discord.utils.oauth_url(visitor.user.id, permissions=NEEDED_PERMISSIONS)
        return ProbeReport(name=str(visitor.user), invite=invite, lacking=lacking)


async def _missing_permissions(visitor: discord.Client, guild_id: int) -> list[str]:
    """The permissions missing in a server: server-wide, or in channels that the bot can see."""
    assert visitor.user is not None, "login has fetched the user"
    guild = await visitor.fetch_guild(guild_id, with_counts=False)
    member = await guild.fetch_member(visitor.user.id)
    everywhere = NEEDED_PERMISSIONS & ~member.guild_permissions
    here: dict[str, list[str]] = {}
    for channel in await guild.fetch_channels():
        may = channel.permissions_for(member)
        if may.view_channel and not isinstance(channel, discord.CategoryChannel):
            for name in _names(NEEDED_PERMISSIONS & ~may & ~everywhere):
                here.setdefault(name, []).append(f"#{channel.name}")
    return _names(everywhere) + [f"{name} in {_first_names(rooms)}" for name, rooms in here.items()]


def _names(permissions: discord.Permissions) -> list[str]:
    return [name.replace("_", " ") for name, on in permissions if on]


def _first_names(rooms: list[str], most: int = 5) -> str:
    more = f" and {len(rooms) - most} more" if len(rooms) > most else ""
    return ", ".join(rooms[:most]) + more
