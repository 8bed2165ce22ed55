"""Forks bots from a process that has everything imported, for harnesses that start many.

Half the cost of starting `python -m bot` is imports and compiling the rulebook, the same each time.
`Nursery` asks `python -m tests.stages.forking` for a fork, which then runs the module as `python
-m` would, in the given environment. Tests of the start itself do without it (`stage(cold=True)`).
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
#: How often each waiter checks for its end.
_LOOK_S = 0.01
#: The greatest length of a question or an answer in JSON; environments are the longest.
_LONGEST = 1 << 20


class Fork:
    """A bot as the nursery's child, with the interface of `asyncio.subprocess.Process`."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery, self.pid = nursery, pid
        # It counts as ended when its process has, though it is another's child.
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
        """Send a signal; no effect once it has ended."""
        if self.returncode is None:
            signal.pidfd_send_signal(self._end, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Wait for its end; return its exit code."""
        while (code := self.returncode) is None:
            await asyncio.sleep(_LOOK_S)
        return code


class Nursery:
    """The process to fork from, which lives as long as this one."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.stages.forking", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )

    def ask(self, **question: object) -> Mapping[str, Any]:
        """Send it a question and return the answer; from any thread."""
        with self._asking:
            self._line.send(json.dumps(question).encode())
            return json.loads(self._line.recv(_LONGEST))

    async def spawn(self, module: str, environment: Mapping[str, str]) -> Fork:
        """Run a module in a fork."""
        answer = await asyncio.to_thread(self.ask, run=module, environment=dict(environment))
        return Fork(self, answer["pid"])


@cache
def nursery() -> Nursery:
    """This process's nursery."""
    return Nursery()


def _serve(line: socket.socket) -> tuple[str, Mapping[str, str]] | None:
    """Fork and reap until no more questions come. In a fork, return what to run."""
    while question := line.recv(_LONGEST):
        asked = json.loads(question)
        if "bury" in asked:
            _, status = os.waitpid(asked["bury"], 0)
            answer = {"code": os.waitstatus_to_exitcode(status)}
        elif pid := os.fork():
            answer = {"pid": pid}
        else:
            line.close()
            # If the tests are killed, this process must end with them, because nobody else would
            # stop it.
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            return asked["run"], asked["environment"]
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
    from bot.policy.layers import everywhere

    everywhere(rulebooks.load())
    # discord.py re-executes extensions, and their shared modules must be re-executed with them.
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
