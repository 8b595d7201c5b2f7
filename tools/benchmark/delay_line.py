# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A delay line on loopback: what a client sends reaches the local AWS that much later, as from far away.

Each connection has its own line, so that calls that are sent side by side wait side by side, and a call in several
pieces waits once. Answers come back at once: the delay is added to every call, not twice. Opening a connection costs
nothing more.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from types import TracebackType
from urllib.parse import urlsplit

HOST = "127.0.0.1"
SIZE = 1 << 16
REQUEST_LINE = re.compile(rb"(GET|HEAD|POST|PUT|PATCH|DELETE) \S+ HTTP/1\.[01]\r\n")


class DelayLine:
    """Listens while it is entered; `url` is what clients use in place of the upstream's."""

    def __init__(self, upstream: str, delay: float) -> None:
        address = urlsplit(upstream)
        self._upstream = (address.hostname or HOST, address.port or 80)
        self._delay = delay
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="delay line", daemon=True)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()  # asyncio itself holds tasks weakly
        self.url = ""
        self.calls = 0  # that went through

    def __enter__(self) -> DelayLine:
        self._thread.start()
        starting = asyncio.start_server(self._accept, HOST, 0, backlog=256)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        self.url = f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        if self._server:
            self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._connected(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answers, requests = await asyncio.open_connection(*self._upstream)
        except OSError:
            writer.close()
            return
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await asyncio.gather(self._hold_back(reader, requests), self._pass_on(answers, writer))
        finally:
            writer.close()
            requests.close()

    async def _hold_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        sending = asyncio.create_task(self._send_when_due(line, writer))
        try:
            data = b"-"
            while data:
                data = await reader.read(SIZE)
                self.calls += bool(REQUEST_LINE.match(data))
                line.put_nowait((self._loop.time() + self._delay, data))
            await sending
        finally:
            sending.cancel()

    async def _send_when_due(self, line: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        data = b"-"
        while data:
            due, data = await line.get()
            await asyncio.sleep(due - self._loop.time())
            writer.write(data)
            await writer.drain()
        writer.write_eof()

    @staticmethod
    async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(SIZE):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
