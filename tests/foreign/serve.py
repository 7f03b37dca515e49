"""Runs a judge for as long as standard input stays open: `serve.py ministack|moto PORT`.

The test holds the other end. When it lets go, by its end, a panic or a kill, the judge goes at once, and with it the
functions that it started: they are one process group.
"""

import os
import signal
import sys
import threading

os.setpgid(0, 0)


def hold():
    while os.read(0, 64):
        pass
    os.killpg(0, signal.SIGKILL)


threading.Thread(target=hold, daemon=True).start()

# Only once the group stands.
_, judge, port = sys.argv
if judge == "moto":
    from moto.server import main

    main(["-H", "127.0.0.1", "-p", port])
else:
    # It takes its port from the environment.
    from ministack.app import main

    sys.argv = ["ministack"]
    main()
