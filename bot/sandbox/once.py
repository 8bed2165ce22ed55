"""`python -m bot sandbox --once '/waifu prompt: ...'`: the whole flow without a browser.

Plays a newcomer who types the command and reads the answer; for a request for pictures it also
accepts the licence, waits for the pictures, votes and reads the votes. Prints each step. Knows
the bot only as Discord shows it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from bot.sandbox.readable import readable
from bot.sandbox.typed import parse
from bot.sandbox.wire.server import Sandbox
from bot.sandbox.wire.wire import NotPossible, Payload

T = TypeVar("T")

_PERSONA = "newcomer"
_CHANNEL = "general"
#: The command whose answer is followed by pictures.
_DRAW_COMMAND = "waifu"
_LOADING_FLAG = 1 << 7
#: A bot that is not online after this time never will be, unless it downloads its first model.
_ONLINE_S = 120.0
_PICTURE_S = 300.0
_ANSWER_S = 60.0
_VOTE_S = 20.0
_POLL_S = 0.05
_HOW_TO_DRAW_ANYWAY = (
    "use a word that the model knows (/tags shows them), or run python -m bot sandbox, type the "
    "command on its page and press Draw anyway"
)
#: The longest that the bot takes to record a reaction or to complete an answer.
_LEDGER_S = 1.0


def can_send(sandbox: Sandbox, command: str) -> bool:
    """Whether the registered commands allow this one; prints what is wrong with it if not."""
    try:
        _parse(sandbox, command)
    except NotPossible as slip:
        _print_step("stopped", str(slip))
        return False
    return True


async def play(sandbox: Sandbox, command: str, out: Path) -> int:
    """Run the flow. Returns the exit code: 0 when the command was answered.

    A request for pictures must also have brought them, and the votes on them must count. It returns
    1 if the bot answers otherwise, however rightly: with a refusal, or with a question about words
    that its model does not know.
    """
    try:
        return await _Playthrough(sandbox, out).run(command)
    except (NotPossible, OSError) as error:
        _print_step("stopped", str(error) or "nothing happened for too long; see the log above")
        return 1


class _Playthrough:
    def __init__(self, sandbox: Sandbox, out: Path) -> None:
        self._sandbox = sandbox
        self._out = out

    async def run(self, command: str) -> int:
        await _poll(_ONLINE_S, self._is_online, "the bot did not come online")
        _print_step("online", f"the bot is on the local Discord at {self._sandbox.page_url}")
        name, options = _parse(self._sandbox, command)
        _print_step("asked", command)
        started_s = time.perf_counter()
        answer = await self._run_command(name, options)
        accept = _button_id(answer, "accept")
        if accept is not None:
            await self._sandbox.click(_PERSONA, answer["id"], accept).answer()
            _print_step(
                "accepted", "the licence's use restrictions; a request that waited runs by itself"
            )
            if name != _DRAW_COMMAND:
                answer = await self._run_command(name, options)
        if name != _DRAW_COMMAND or (accept is None and _button_id(answer, "cancel") is None):
            self._save_files(answer)
            return int(name == _DRAW_COMMAND)
        posts = await self._wait_for_posts(int(options.get("count", 1)), answer)
        if _asks_first(posts[0]):
            _print_step("answered", self._readable_text(message_text(posts[0])))
            _print_step("not drawn", _HOW_TO_DRAW_ANYWAY)
            return 1
        picture_count = sum(len(post["attachments"]) for post in posts)
        _print_step("drawn", f"{picture_count} in {time.perf_counter() - started_s:.1f} s")
        for post in posts:
            _print_step("posted", self._readable_text(_first_line(post)))
            self._save_files(post)
            if len(post["attachments"]) == 1:
                await self._cast_vote(post)
        return 0

    async def _run_command(self, name: str, options: Payload) -> Payload:
        """Call the command and print its complete answer."""
        ticket = self._sandbox.slash(_PERSONA, _CHANNEL, name, options)
        initial = (await ticket.answer()).message
        assert initial is not None, "a command is answered with a message"
        message_id = int(initial["id"])

        async def read_finished_answer() -> Payload:
            message = self._sandbox.people.message(message_id)
            return {} if message["flags"] & _LOADING_FLAG else message

        answer = await _poll(_ANSWER_S, read_finished_answer, "the answer was not finished")
        _print_step(
            "answered",
            f"after {ticket.wait_ms:.0f} ms: {self._readable_text(message_text(answer))}",
        )
        return answer

    async def _is_online(self) -> bool:
        commands = self._sandbox.people.commands(self._sandbox.persona(_PERSONA))
        return self._sandbox.online and bool(commands)

    async def _wait_for_posts(self, count: int, answer: Payload) -> list[Payload]:
        """Print the status message as it changes, until `count` pictures are posted.

        Returns their messages, or the one message in which the bot asks whether to draw at all.
        Raises `NotPossible` with the bot's message if it says that they will not come.
        """
        printed_lines: set[str] = set()

        async def find_posts() -> list[Payload]:
            messages = [
                m
                for m in self._sandbox.messages(_CHANNEL, _PERSONA)
                if int(m["id"]) >= int(answer["id"])
            ]
            for message in messages:
                line = _first_line(message)
                if _button_id(message, "cancel") and line not in printed_lines:
                    _print_step(
                        "status" if printed_lines else "acknowledged", self._readable_text(line)
                    )
                    printed_lines.add(line)
            if questions := [m for m in messages if _asks_first(m)]:
                return questions
            posts = [m for m in messages if m["attachments"] and _is_post(m)]
            if sum(len(post["attachments"]) for post in posts) < count:
                self._raise_if_final(messages, answer)
                return []
            return posts

        return await _poll(_PICTURE_S, find_posts, "the pictures did not come")

    def _raise_if_final(self, messages: list[Payload], answer: Payload) -> None:
        """Raise `NotPossible` if a message of the bot is final: it has no *Cancel* button.

        That is a refusal after the licence, or the status message of a finished request. The
        licence message itself, once accepted, is not final.
        """
        licence = answer["id"] if _button_id(answer, "accept") else None
        for message in messages:
            is_pending = (
                _button_id(message, "cancel") or message["attachments"] or message["id"] == licence
            )
            if not is_pending and not message["flags"] & _LOADING_FLAG:
                raise NotPossible(self._readable_text(str(message["content"])))

    def _readable_text(self, text: str) -> str:
        """A message's text, with people and channels by name."""
        people = self._sandbox.people
        channels = {int(channel["id"]): str(channel["name"]) for channel in people.channels()}
        return readable(text, {id_: p.name for id_, p in people.personas.items()} | channels)

    def _save_files(self, message: Payload) -> None:
        """Save the message's files, pictures and others."""
        for attachment in message["attachments"]:
            self._out.mkdir(parents=True, exist_ok=True)
            path = self._out / attachment["filename"]
            path.write_bytes(self._sandbox.attachment(attachment))
            width, height = attachment.get("width"), attachment.get("height")
            size = f"{width}x{height} px" if width else f"{attachment['size']} bytes"
            _print_step("saved", f"{path} ({size})")

    async def _cast_vote(self, post: Payload) -> None:
        """React as the page would, and ask the bot whether it counted."""

        async def has_vote_reactions() -> bool:
            return len(self._sandbox.reactions(post["id"])) >= 2

        await _poll(_VOTE_S, has_vote_reactions, "the vote reactions did not come")
        emoji = next(iter(self._sandbox.reactions(post["id"])))
        self._sandbox.react("member", post["id"], emoji)
        await asyncio.sleep(_LEDGER_S)

        async def is_vote_counted() -> bool:
            # Only a person who accepted the licence sees pictures.
            ticket = self._sandbox.slash(_PERSONA, _CHANNEL, "votes top")
            answer = (await ticket.answer()).message
            assert answer is not None, "a command is answered with a message"
            await asyncio.sleep(_LEDGER_S)
            content = self._sandbox.people.message(int(answer["id"]))["content"]
            return str(post["id"]) in content

        await _poll(_VOTE_S, is_vote_counted, "the vote was not counted")
        _print_step("voted", f"{emoji} by a member, and /votes top shows it")


def _parse(sandbox: Sandbox, command: str) -> tuple[str, Payload]:
    """The command's name and options. Raises `NotPossible` if it cannot be sent."""
    registered = sandbox.people.commands(sandbox.persona(_PERSONA))
    return parse(command, registered, _PERSONA)


async def _poll(limit_s: float, check: Callable[[], Awaitable[T]], failure: str) -> T:
    """Poll until `check` returns something; after `limit_s` raise `NotPossible(failure)`."""
    try:
        async with asyncio.timeout(limit_s):
            while True:
                if result := await check():
                    return result
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise NotPossible(f"{failure} within {limit_s:.0f} s.") from None


def _button_id(message: Payload, action: str) -> str | None:
    """The custom id of the button `wd:<action>:...` under a message."""
    ids = (c.get("custom_id") or "" for row in message["components"] for c in row["components"])
    return next((i for i in ids if i.startswith(f"wd:{action}:")), None)


def _asks_first(message: Payload) -> bool:
    """Whether the bot knows none of the words and waits for *Draw anyway*."""
    return bool(_button_id(message, "anyway"))


def _is_post(message: Payload) -> bool:
    return bool(_button_id(message, "vary") or _button_id(message, "which"))


def message_text(message: Payload) -> str:
    """All text of a message: its own, and that of its embeds."""
    parts = [message["content"]]
    for embed in message["embeds"]:
        parts += [embed.get("title"), embed.get("description")]
        parts += [f"**{field['name']}**\n{field['value']}" for field in embed.get("fields", [])]
    return "\n".join(filter(None, parts))


def _first_line(message: Payload) -> str:
    return str(message["content"]).partition("\n")[0]


def _print_step(step: str, text: str) -> None:
    lines = text.strip().replace("\n", "\n" + " " * 15)
    print(f"{step:>13}  {lines}", flush=True)  # noqa: T201  command line
