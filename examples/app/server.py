"""A web server that shows its version. Nothing but Python's own library."""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = os.environ.get("VERSION", "unknown")


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        body = ("ok\n" if self.path == "/health" else f"version {VERSION}\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form, *values):
        # The load balancer asks every ten seconds; that says nothing.
        if self.path != "/health":
            print(form % values)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    host, port = os.environ.get("HOST", ""), int(os.environ.get("PORT", "8080"))
    server = ThreadingHTTPServer((host, port), Page)
    print(f"version {VERSION} on port {server.server_port}")
    server.serve_forever()
