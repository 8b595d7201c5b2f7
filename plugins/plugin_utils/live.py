# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A few lines at the bottom of a terminal that say what is running now.

Ansible forks while this runs. So nothing here holds a lock of Rich's or of standard output that a child could need:
Rich only renders, the lines go to the terminal's descriptor, and in a child everything passes through untouched.
"""

from __future__ import annotations

import atexit
import io
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TextIO

Row = tuple[str, float, str]  # component, since when, task
INTERVAL = 0.25
ROWS = 12


def possible(environment: Mapping[str, str], stream: TextIO) -> bool:
    """Whether somebody watches: a terminal, and neither AWX nor CI."""
    unattended = environment.get("CI") or environment.get("JOB_ID") or environment.get("AWX_HOST")
    if unattended or environment.get("TERM", "dumb") == "dumb" or not stream.isatty():
        return False
    try:
        import rich  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


def rendered(rows: Iterable[Row], now: float, *, width: int, height: int, color: bool, unicode: bool) -> str:
    """The lines, each ended by a newline and none wider than the terminal."""
    from rich.console import Console  # noqa: PLC0415 it costs a tenth of a second, and only terminals need it
    from rich.table import Table  # noqa: PLC0415

    every = sorted(rows, key=lambda row: row[1])
    shown = every[: max(1, min(ROWS, height - 3))]
    frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏" if unicode else "|/-\\"
    table = Table.grid(padding=(0, 2, 0, 0))
    for justify, style in (("left", "cyan"), ("left", "bold"), ("right", "cyan"), ("left", "dim")):
        table.add_column(justify=justify, style=style, no_wrap=True, overflow="crop")
    room = max(0, width - 14 - max((len(name) for name, _, _ in shown), default=0))  # Rich would shorten every column
    for name, since, task in shown:
        table.add_row(frames[int(now / INTERVAL) % len(frames)], name, elapsed(now - since), task[:room])
    if len(every) > len(shown):
        table.add_row("", f"and {len(every) - len(shown)} more", "", "")
    file = io.StringIO()
    system = "standard" if color else None
    Console(
        file=file, width=width - 1, force_terminal=True, color_system=system, no_color=not color, markup=False
    ).print(table)
    return file.getvalue()


def elapsed(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


class Live:
    """Draws the rows again and again until it is stopped."""

    def __init__(self, rows: Callable[[], list[Row]], stream: TextIO, *, color: bool) -> None:
        self.rows = rows
        self.stream = stream
        self.descriptor = stream.fileno()
        self.color = color
        self.unicode = (stream.encoding or "").lower().replace("-", "") == "utf8"
        self.process = os.getpid()
        self.lock = threading.RLock()
        self.drawn = 0  # lines on the screen
        self.line_begins = True  # whether the cursor is at the beginning of a line
        self.ended = threading.Event()
        self.thread: threading.Thread | None = None

    def start(self) -> None:
        if self.thread is None:
            sys.stdout, sys.stderr = Above(self, sys.stdout), Above(self, sys.stderr)
            self.thread = threading.Thread(target=self._run, name="slipway-live", daemon=True)
            self.thread.start()
            atexit.register(self.stop)

    def stop(self) -> None:
        if self.thread is None or os.getpid() != self.process:
            return
        self.ended.set()
        self.thread.join(timeout=2)
        self.thread = None
        with self.lock:
            self.erase()
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if isinstance(stream, Above):
                setattr(sys, name, stream.wrapped)

    def _run(self) -> None:
        while not self.ended.wait(INTERVAL):
            with self.lock:
                self.erase()
                self.draw()

    def draw(self) -> None:
        rows = self.rows()
        if not rows or not self.line_begins or self.ended.is_set():
            return
        try:
            columns, lines = os.get_terminal_size(self.descriptor)
        except OSError:
            columns, lines = 0, 0
        size = {"width": columns or 80, "height": lines or 24}  # some terminals do not tell
        block = rendered(rows, time.time(), **size, color=self.color, unicode=self.unicode)
        self._write(block)
        self.drawn = block.count("\n")

    def erase(self) -> None:
        if self.drawn:
            self._write(f"\r\x1b[{self.drawn}A\x1b[J")
            self.drawn = 0

    def _write(self, text: str) -> None:
        data = text.encode("utf-8" if self.unicode else "ascii", "replace")
        while data:
            data = data[os.write(self.descriptor, data) :]


class Above:
    """Standard output or error: what is written appears above the lines."""

    def __init__(self, live: Live, wrapped: TextIO) -> None:
        self.live = live
        self.wrapped = wrapped

    def write(self, text: str) -> int:
        if os.getpid() != self.live.process:
            return self.wrapped.write(text)
        with self.live.lock:
            self.live.erase()
            written = self.wrapped.write(text)
            self.wrapped.flush()
            if text:
                self.live.line_begins = text.endswith("\n")
            return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self.wrapped, name)
