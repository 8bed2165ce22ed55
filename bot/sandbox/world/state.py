"""Persistence: saves the local Discord between runs, as JSON lines and files.

`server.json` holds channels, languages, roles and commands; `messages/<channel>.jsonl` one message
per line; `files/<attachment>` the bytes.
Events mark changes, which are written together half a second later and on close. Each file is
replaced atomically.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.sandbox.wire.cdn import Cdn
from bot.sandbox.wire.wire import Payload, as_object, encode
from bot.sandbox.world.records import WorldRecords

_DEBOUNCE_S = 0.5
_FORMAT = 1
_SERVER_EVENTS = ("CHANNEL_", "THREAD_", "GUILD_ROLE_", "GUILD_UPDATE", "COMMANDS_UPDATE")


class LocalStateError(Exception):
    """The saved state cannot be used; the message says what to do."""


@dataclass(slots=True)
class _Changes:
    """What the next save must write."""

    server: bool = False
    channels: set[int] = field(default_factory=set[int])
    messages: set[int] = field(default_factory=set[int])


class Store:
    """Saves the world in a directory and restores it."""

    def __init__(self, directory: Path, records: WorldRecords, cdn: Cdn) -> None:
        self._directory = directory
        self._records = records
        self._cdn = cdn
        self._changes = _Changes()
        self._changed = asyncio.Event()
        #: The encoded line of each message, by channel; only changed ones are encoded again.
        self._lines: dict[int, dict[int, str]] = {}
        self._saved_files: set[int] = set()

    # ---- changes --------------------------------------------------------------------------------

    def mark_changes(self, event: str, payload: Payload, only_user_id: int | None) -> None:
        """Remember what an event changed."""
        if only_user_id is not None:
            return
        if event.startswith(_SERVER_EVENTS):
            self._changes.server = True
            if event in ("CHANNEL_DELETE", "THREAD_DELETE"):
                self._changes.channels.add(int(payload["id"]))
        elif event.startswith("MESSAGE_"):
            self._changes.channels.add(int(payload["channel_id"]))
            message_id = payload.get("message_id") or payload.get("id")
            if message_id is not None:
                self._changes.messages.add(int(message_id))
        else:
            return
        self._changed.set()

    async def run(self) -> None:
        """Save after changes, until cancelled."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(_DEBOUNCE_S)
            await self.save()

    # ---- saving ---------------------------------------------------------------------------------

    async def save(self) -> None:
        """Write what changed since the last save."""
        self._changed.clear()
        changes, self._changes = self._changes, _Changes()
        texts: dict[Path, str] = {}
        if changes.server:
            texts[self._directory / "server.json"] = encode(
                {"format": _FORMAT} | self._records.server()
            )
        for channel_id in changes.channels:
            lines = self._refresh_lines(channel_id, changes.messages)
            texts[self._messages_path(channel_id)] = "".join(line + "\n" for line in lines)
        if texts:
            wanted = {f for c in self._records.channel_ids() for f in self._records.files(c)}
            blobs = {f: self._cdn.read(f) for f in wanted - self._saved_files}
            stale = self._saved_files - wanted
            self._saved_files = wanted
            await asyncio.to_thread(self._write, texts, blobs, stale)

    def _refresh_lines(self, channel_id: int, changed: set[int]) -> list[str]:
        old_lines = self._lines.get(channel_id, {})
        lines: dict[int, str] = {}
        for message_id in self._records.message_ids(channel_id):
            if message_id in changed or message_id not in old_lines:
                lines[message_id] = encode(self._records.message(channel_id, message_id))
            else:
                lines[message_id] = old_lines[message_id]
        self._lines[channel_id] = lines
        return list(lines.values())

    def _write(
        self, texts: dict[Path, str], blobs: dict[int, bytes | None], stale: set[int]
    ) -> None:
        """Write files first, then the messages that show them; then delete unused files."""
        for file_id, data in blobs.items():
            if data is not None:
                _replace(self._file_path(file_id), data)
        for path, text in texts.items():
            _replace(path, text.encode())
        for file_id in stale:
            self._file_path(file_id).unlink(missing_ok=True)

    def _messages_path(self, channel_id: int) -> Path:
        return self._directory / "messages" / f"{channel_id}.jsonl"

    def _file_path(self, file_id: int) -> Path:
        return self._directory / "files" / str(file_id)

    # ---- loading --------------------------------------------------------------------------------

    async def load(self) -> None:
        """Restore what an earlier run saved, if there was one.

        Raises `LocalStateError`, and changes nothing saved, if another version saved it (this one
        could only read it wrongly and then overwrite it), or if a file is damaged or unreadable.
        """
        server = self._directory / "server.json"
        with self._naming(server):
            record: Payload | None = None
            if server.is_file():
                record = as_object(json.loads(await asyncio.to_thread(server.read_text)))
                if record.get("format") != _FORMAT:
                    raise LocalStateError(
                        f"{server} was saved by another version of the local Discord: start that "
                        f"version, or {self._anew()}"
                    )
            for folder in ("messages", "files"):
                (self._directory / folder).mkdir(parents=True, exist_ok=True)
            if record is not None:
                self._records.restore_server(record)
        for channel_id in self._records.channel_ids():
            path = self._messages_path(channel_id)
            with self._naming(path):
                await self._load_messages(channel_id)

    def _anew(self) -> str:
        return f"rename the folder {self._directory} to begin with an empty one."

    @contextmanager
    def _naming(self, path: Path) -> Generator[None]:
        """Report a fault while this file is read as `LocalStateError`, with its path."""
        try:
            yield
        except OSError as problem:
            access = "give this user access to it, or " * isinstance(problem, PermissionError)
            raise LocalStateError(
                f"{problem.filename or path} cannot be used ({problem.strerror or problem}): "
                f"{access}{self._anew()}"
            ) from problem
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise LocalStateError(
                f"{path} is damaged: restore it from a copy, or {self._anew()}"
            ) from problem

    async def _load_messages(self, channel_id: int) -> None:
        path = self._messages_path(channel_id)
        if not path.is_file():
            return
        text = await asyncio.to_thread(path.read_text)
        for line in text.splitlines():
            self._records.restore_message(as_object(json.loads(line)))
        for file_id in self._records.files(channel_id):
            saved = self._file_path(file_id)
            if saved.is_file():
                self._cdn.restore(file_id, await asyncio.to_thread(saved.read_bytes))
                self._saved_files.add(file_id)


def _replace(path: Path, data: bytes) -> None:
    """Write a new file and rename it, so that a reader finds the old or the new one, never half."""
    temporary = path.with_suffix(".new")
    temporary.write_bytes(data)
    temporary.replace(path)
