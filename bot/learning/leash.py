"""`python -m bot.learning.leash COMMAND ...`: runs a command that pauses and dies with the bot.

The bot starts a training through it. On standard input come words: `pause`, `resume`, and `finish`,
on which a training saves its state and ends. When that input ends, because the bot has ended in
whatever way, the command and all that it started are killed. It gives way to everything else on the
machine. It must not know what is run.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

PAUSE, RESUME, FINISH = b"pause\n", b"resume\n", b"finish\n"
#: As nice as can be.
_NICE = 19
_SIGNALS = {
    PAUSE: (signal.SIGSTOP,),
    RESUME: (signal.SIGCONT,),
    FINISH: (signal.SIGCONT, signal.SIGTERM),
}


def main(command: Sequence[str]) -> int:
    """Run it in a group of its own; its exit code, or 128 and the signal that ended it."""
    # Ctrl-C is meant for the bot, which tells us what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICE)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603  the bot's own commands
    threading.Thread(target=_obey, args=(child,), daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


def _obey(child: subprocess.Popen[bytes]) -> None:
    # Unbuffered: a buffer that this thread holds would keep the process from ending.
    with open(0, "rb", buffering=0, closefd=False) as words:
        for word in words:
            for number in _SIGNALS.get(word, ()):
                _send(child, number)
    _send(child, signal.SIGKILL)


def _send(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        # It has just ended by itself.
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
