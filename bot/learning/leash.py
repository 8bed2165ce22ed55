"""`python -m bot.learning.leash COMMAND ...`: runs a command that pauses and dies with the bot.

The bot starts a training through it. Standard input brings words: `pause`, `resume`, and `finish`,
on which a training saves its state and ends. When that input ends, because the bot has ended in
whatever way, the command and every process that it started are killed. The command runs at the
lowest priority. This file must not know what it runs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

PAUSE, RESUME, FINISH = b"pause\n", b"resume\n", b"finish\n"
#: The lowest priority.
_NICE = 19
_SIGNALS = {
    PAUSE: (signal.SIGSTOP,),
    RESUME: (signal.SIGCONT,),
    FINISH: (signal.SIGCONT, signal.SIGTERM),
}


def main(command: Sequence[str]) -> int:
    """Run the command in its own process group; return its exit code, or 128 plus its signal."""
    # Ctrl-C is meant for the bot, which tells this process what to do.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICE)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603  the bot's own commands
    threading.Thread(target=_follow_commands, args=(child,), daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


def _follow_commands(child: subprocess.Popen[bytes]) -> None:
    # Unbuffered: a buffer held by this thread would keep the process from ending.
    with open(0, "rb", buffering=0, closefd=False) as words:
        for word in words:
            for sent in _SIGNALS.get(word, ()):
                _signal_group(child, sent)
    _signal_group(child, signal.SIGKILL)


def _signal_group(child: subprocess.Popen[bytes], sent: signal.Signals) -> None:
    try:
        os.killpg(child.pid, sent)
    except ProcessLookupError:
        # The command has just ended by itself.
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
