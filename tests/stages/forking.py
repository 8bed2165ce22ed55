"""Forks bots from a process that has everything imported, for harnesses that start many.

Imports and the compilation of the rulebook take half the time of a start of `python -m bot`.
`Nursery` asks `python -m tests.stages.forking` for a fork, which then runs the module as `python
-m` would, in the given environment. Tests of the start itself use no fork (`stage(cold=True)`).
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

#: "The parent process death signal of the calling process", prctl(2).
_PR_SET_PDEATHSIG = 1
#: The pause between two checks whether a fork has ended.
_POLL_S = 0.01
#: The greatest length of a question or an answer in JSON; an environment is the longest part.
_MESSAGE_BYTES_MAX = 1 << 20


class Fork:
    """A child of the nursery, with the interface of `asyncio.subprocess.Process`."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery, self.pid = nursery, pid
        # Becomes readable when the process ends, although it is not our child.
        self._end = os.pidfd_open(pid)
        self._code: int | None = None

    @property
    def returncode(self) -> int | None:
        """Like a `Process`: None while it runs, negative for the signal that ended it."""
        if self._code is None and select.select([self._end], [], [], 0)[0]:
            self._code = self._nursery.ask(bury=self.pid)["code"]
            os.close(self._end)
        return self._code

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self.returncode is None:
            signal.pidfd_send_signal(self._end, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Wait until the process ends; return its exit code."""
        while (code := self.returncode) is None:
            await asyncio.sleep(_POLL_S)
        return code


class Nursery:
    """The process that forks bots; it lives as long as this one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.stages.forking", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )

    def ask(self, **question: object) -> Mapping[str, Any]:
        """Send the process a question and return its answer. Any thread may call this."""
        with self._lock:
            self._socket.send(json.dumps(question).encode())
            return json.loads(self._socket.recv(_MESSAGE_BYTES_MAX))

    async def spawn(self, module: str, environment: Mapping[str, str]) -> Fork:
        """Run a module in a fork."""
        answer = await asyncio.to_thread(self.ask, run=module, environment=dict(environment))
        return Fork(self, answer["pid"])


@cache
def nursery() -> Nursery:
    """This process's nursery."""
    return Nursery()


def _serve(line: socket.socket) -> tuple[str, Mapping[str, str]] | None:
    """Fork and reap until the questions end. In a fork, return the module and its environment."""
    while question := line.recv(_MESSAGE_BYTES_MAX):
        order = json.loads(question)
        if "bury" in order:
            _, status = os.waitpid(order["bury"], 0)
            answer = {"code": os.waitstatus_to_exitcode(status)}
        elif pid := os.fork():
            answer = {"pid": pid}
        else:
            line.close()
            # A killed test run stops no fork, so the fork must end with its parent.
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            return order["run"], order["environment"]
        line.send(json.dumps(answer).encode())
    return None


def _warm_up() -> None:
    """Import what a bot imports, and compile its rulebook."""
    for name in (
        "bot.serving",
        "tests.stages.fake_engine",
        *importlib.import_module("cogs").EXTENSIONS,
    ):
        importlib.import_module(name)
    from bot import rulebooks
    from bot.policy.layers import ground_of

    ground_of(rulebooks.load())
    # discord.py executes extensions again, and their shared modules must follow.
    for name in [name for name in sys.modules if name.partition(".")[0] == "cogs"]:
        del sys.modules[name]
    # Keep existing objects out of the garbage collector, so that no fork scans or copies them.
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _warm_up()
    if born := _serve(socket.socket(fileno=int(sys.argv[1]))):
        module, environment = born
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = [module]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
