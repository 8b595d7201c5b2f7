# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP side: a threaded server that keeps connections open."""

from __future__ import annotations

import io
import sys
import traceback
from http import HTTPStatus
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import DechunkedInput, ThreadedWSGIServer

from .app import Application
from .state import STATE

IDLE_SECONDS = 300
REASONS = {status.value: status.phrase for status in HTTPStatus}


class Handler(MotoRequestHandler):
    """Werkzeug's own handler closes every connection and waits 10 ms for what may still come."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    server: Server

    def make_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().make_environ()
        # Read the body whole: what is left unread would be taken for the next request.
        if environ.get("HTTP_TRANSFER_ENCODING", "").strip().lower() == "chunked":
            body = DechunkedInput(self.rfile).read()
            environ.pop("HTTP_TRANSFER_ENCODING")
            environ.pop("wsgi.input_terminated", None)
            environ["CONTENT_LENGTH"] = str(len(body))
        else:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            body = self.rfile.read(length) if length else b""
            if len(body) < length:  # half a request is none
                raise ConnectionAbortedError("the client went away")
        environ["wsgi.input"] = io.BytesIO(body)
        return environ

    def run_wsgi(self) -> None:
        try:
            environ = self.make_environ()
        except ConnectionAbortedError:
            self.close_connection = True
            return
        status, headers, body = self.server.application.answer(environ)
        bodiless = environ["REQUEST_METHOD"] == "HEAD" or status in (204, 304)
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}"]
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                lines.append(f"{name}: {value}")
        # the answer to HEAD tells the length of the body that it leaves out
        length = headers.get("Content-Length", len(body)) if bodiless else len(body)
        if status != 204:
            lines.append(f"Content-Length: {length}")
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
        self.wfile.write(head if bodiless else head + body)

    def log_request(self, *args: Any, **kwargs: Any) -> None:
        """The request log is served by /_local/requests."""

    def log_error(self, *args: Any) -> None:
        """A connection that was idle for long is no news."""

    def address_string(self) -> str:
        return str(self.client_address[0])


class Server(ThreadedWSGIServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, host: str, port: int, application: Application) -> None:
        self.application = application
        super().__init__(host, port, application, handler=Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no news."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            traceback.print_exc()


def serve(host: str, port: int, latency_ms: float = 0) -> None:
    STATE.latency_ms = latency_ms
    server = Server(host, port, Application())
    shown = f"[{host}]" if ":" in host else host
    print(f"listening on http://{shown}:{server.port}", flush=True)
    try:
        server.serve_forever()
    finally:
        server.server_close()
