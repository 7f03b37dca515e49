"""A Lambda Runtime API for one process, that notes when the process asked and answered.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import collections
import glob
import http.server
import json
import queue
import subprocess
import threading
import time

LIMIT = 300

# What a process said, when, and which time on a processor it had used by then, in seconds.
Said = collections.namedtuple("Said", "kind at used text")


class Function:
    """One process. `start` is the time from its start to the first request for an event, `used` that on a processor."""

    def __init__(self, command, environment, output):
        self.events, self.said = queue.Queue(), queue.Queue()
        self.process, self.started = None, threading.Event()
        function = self

        class Api(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                function.hear("next", time.perf_counter(), None)
                event = function.events.get()
                if event is not None:
                    self.reply(200, json.dumps(event).encode())

            def do_POST(self):
                at = time.perf_counter()
                text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                function.hear(self.path.rsplit("/", 1)[-1], at, text)
                self.reply(202, b"{}")

            def reply(self, status, body):
                self.send_response(status)
                self.send_header("Lambda-Runtime-Aws-Request-Id", "00000000-0000-4000-8000-000000000001")
                deadline = int((time.time() + LIMIT) * 1000)
                self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:000000000000:function:f")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        environment = environment | {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}"}
        began = time.perf_counter()
        self.process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        self.started.set()
        first = self.wait("next")
        self.start, self.used = first.at - began, first.used

    def hear(self, kind, at, text):
        self.started.wait()
        self.said.put(Said(kind, at, processor(self.process.pid), text))

    def wait(self, kind):
        for _ in range(LIMIT * 10):
            try:
                said = self.said.get(timeout=0.1)
            except queue.Empty:
                if self.process.poll() is not None:
                    raise RuntimeError(f"{self.process.args}: ended by itself, {self.process.returncode}") from None
                continue
            if said.kind != kind:
                raise RuntimeError(f"{self.process.args}: {said.kind} in place of {kind}: {said.text}")
            return said
        raise RuntimeError(f"{self.process.args}: no {kind} within {LIMIT} s")

    def invoke(self, event):
        """Hands over an event. Returns the seconds to the answer, those on a processor since the start, and the answer."""
        began = time.perf_counter()
        self.events.put(event)
        said = self.wait("response")
        self.wait("next")
        return said.at - began, said.used, json.loads(said.text)

    def peak(self):
        """The most memory that the process held, in MiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            line = next(line for line in status if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def end(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.events.put(None)
        self.server.shutdown()
        self.server.server_close()


def processor(pid):
    """Seconds that a living process's threads have spent on a processor; those of threads that are gone are not in it."""
    used = 0
    for name in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            with open(name, encoding="utf-8") as file:
                used += int(file.read().split()[0])
        except OSError:
            pass
    return used / 1e9
