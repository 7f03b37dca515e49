"""An endpoint as far away as AWS: passes HTTP on, answers no sooner than so many seconds after it was asked, and counts."""

import asyncio
import collections
import threading


class FarAway:
    """Stands before a port of this machine. `calls` counts by operation, `answered` the bytes of bodies by operation,
    `connections` what was opened for them."""

    def __init__(self, port, latency, tls=None):
        self.to, self.latency, self.tls = port, latency, tls
        self.calls, self.answered = collections.Counter(), collections.Counter()
        self.connections = 0
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self.run, args=(ready,), daemon=True).start()
        ready.wait()

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=self.tls))
        self.port = self.server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    def url(self):
        return f"https://localhost:{self.port}" if self.tls else f"http://127.0.0.1:{self.port}"

    def end(self):
        """Takes no further connection. Those that are open end with the program that opened them."""
        self.loop.call_soon_threadsafe(self.server.close)

    async def serve(self, reader, writer):
        self.connections += 1
        there = None
        try:
            while True:
                head, body = await message(reader)
                due = self.loop.time() + self.latency
                target = next((line for line in head.split(b"\r\n") if line.lower().startswith(b"x-amz-target:")), b"")
                operation = target.decode().rpartition(".")[2].strip() or "others"
                self.calls[operation] += 1
                if there is None:
                    there = await asyncio.open_connection("127.0.0.1", self.to)
                there[1].write(head + body)
                head, body = await message(there[0])
                self.answered[operation] += len(body)
                if b"connection: close" in head.lower():
                    there[1].close()
                    there = None
                await asyncio.sleep(due - self.loop.time())
                writer.write(head + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            if there:
                there[1].close()


async def message(reader):
    """The head and the body of a request or an answer, as they came."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    if fields.get(b"transfer-encoding", b"").strip() == b"chunked":
        body = b""
        while True:
            size = await reader.readuntil(b"\r\n")
            piece = await reader.readexactly(int(size, 16) + 2)
            body += size + piece
            if int(size, 16) == 0:
                return head, body
    return head, await reader.readexactly(int(fields.get(b"content-length", b"0")))
