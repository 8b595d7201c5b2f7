# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live view on a real pseudo terminal."""

from __future__ import annotations

import builtins
import io
import os
import pty
import re
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils import live
from ansible_collections.slipway.fargate.plugins.plugin_utils.live import Live, possible, rendered

ROWS = [("database", 100.0, "Wait for the database"), ("cache", 160.0, "Wait for the cache " + "x" * 100)]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "stream", "expected"),
    [
        ({"TERM": "xterm"}, Terminal(), True),
        ({"TERM": "xterm", "CI": "true"}, Terminal(), False),
        ({"TERM": "xterm", "JOB_ID": "7"}, Terminal(), False),
        ({"TERM": "xterm", "AWX_HOST": "https://awx"}, Terminal(), False),
        ({"TERM": "dumb"}, Terminal(), False),
        ({}, Terminal(), False),
        ({"TERM": "xterm"}, io.StringIO(), False),
    ],
)
def test_only_where_somebody_watches(environment: dict[str, str], stream: Any, expected: bool) -> None:
    assert possible(environment, stream) is expected


def test_not_without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    really = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("rich"):
            raise ImportError(name)
        return really(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    assert not possible({"TERM": "xterm"}, Terminal())


def _lines(**options: Any) -> list[str]:
    given = {"width": 60, "height": 24, "color": False, "unicode": True, **options}
    return rendered(given.pop("rows", ROWS), 165.0, **given).splitlines()


def test_the_longest_running_comes_first_with_its_time() -> None:
    first, second = _lines()
    assert first.split()[1:] == ["database", "1:05", "Wait", "for", "the", "database"]
    assert second.split()[1:3] == ["cache", "0:05"]
    assert max(map(len, _lines())) < 60, "a line that wraps could not be taken back"


def test_many_components_fit_a_small_terminal() -> None:
    many = [(f"c{number}", 100.0 + number, "t") for number in range(30)]
    lines = _lines(rows=many, height=8)
    assert len(lines) == 6
    assert lines[-1].strip() == "and 25 more"


def test_plain_characters_and_no_colour_where_wanted() -> None:
    assert "\n".join(_lines(unicode=False)).isascii()
    assert "\x1b" not in "\n".join(_lines())
    assert "\x1b[" in "\n".join(_lines(color=True))


@pytest.fixture
def terminal() -> Iterator[tuple[int, io.TextIOWrapper]]:
    ours, theirs = pty.openpty()
    stream = os.fdopen(theirs, "w", encoding="utf-8")
    yield ours, stream
    stream.close()
    os.close(ours)


def _read(descriptor: int) -> str:
    os.set_blocking(descriptor, False)
    data = b""
    while True:
        try:
            data += os.read(descriptor, 65536)
        except BlockingIOError:
            return data.decode().replace("\r\n", "\n")


def _screen(output: str) -> list[str]:
    """What the terminal shows in the end: going up and clearing is all that we ask of it."""
    lines = [""]
    for part in re.split(r"(\r\x1b\[\d+A\x1b\[J|\n)", output):
        up = re.fullmatch(r"\r\x1b\[(\d+)A\x1b\[J", part)
        if up:
            del lines[-int(up[1]) - 1 :]
            lines.append("")
        elif part == "\n":
            lines.append("")
        else:
            lines[-1] += part
    return lines


def test_what_is_printed_stays_whole_above_the_lines(
    terminal: tuple[int, io.TextIOWrapper], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, stream = terminal
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(live, "INTERVAL", 0.01)
    running = [("database", time.time(), "Wait")]
    view = Live(lambda: list(running), stream, color=False)
    view.start()
    for number in range(20):
        print(f"line {number}")
        time.sleep(0.005)
    sys.stdout.write("a line in ")
    time.sleep(0.05)
    sys.stdout.write("two parts\n")
    time.sleep(0.05)
    shown = _screen(_read(ours))
    assert shown[:21] == [*(f"line {number}" for number in range(20)), "a line in two parts"]
    assert shown[21].split()[1:] == ["database", "0:00", "Wait"]
    view.stop()
    print("the end")
    assert sys.stdout is stream, "the streams are as they were"
    stream.flush()
    assert _screen("\n".join(shown) + _read(ours))[-3:] == ["a line in two parts", "the end", ""]


def test_a_child_writes_as_if_nothing_was(
    terminal: tuple[int, io.TextIOWrapper], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, stream = terminal
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    view = Live(list, stream, color=False)
    view.start()
    view.lock.acquire()  # as if a thread of the parent held it when it forked
    child = os.fork()
    if child == 0:
        view.lock = None  # taking it would fail
        sys.stdout.write("from the child\n")
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    view.lock.release()
    view.stop()
    assert _read(ours) == "from the child\n"
