"""Runs MiniStack for as long as standard input stays open.

The test holds the other end. When it lets go, by its end, a panic or a kill, MiniStack goes at once, and with it the
functions that it started: they are one process group.
"""

import os
import signal
import threading

os.setpgid(0, 0)


def hold():
    while os.read(0, 64):
        pass
    os.killpg(0, signal.SIGKILL)


threading.Thread(target=hold, daemon=True).start()

from ministack.app import main  # noqa: E402  (only once the group stands)

main()
