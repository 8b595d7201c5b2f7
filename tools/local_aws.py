# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start and stop the local AWS in the background. Starting or stopping it twice is harmless."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".local-aws"


def healthy(port: int) -> bool:
    with contextlib.suppress(OSError):
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/_local/health", timeout=2).status == 200
    return False


def start(port: int) -> str:
    url = f"http://127.0.0.1:{port}"
    if healthy(port):
        return f"The local AWS is running at {url}"
    FOLDER.mkdir(exist_ok=True)
    log = FOLDER / f"{port}.log"
    command = [sys.executable, "-m", "tests.emulator", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    pid_file(port).write_text(f"{process.pid}\n")
    deadline = time.monotonic() + 60
    while not healthy(port):
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(
                f"The local AWS did not start on port {port} (is it taken? set LOCAL_AWS_PORT); see {log}:\n"
                + log.read_text()[-1000:]
            )
        time.sleep(0.1)
    return f"The local AWS is running at {url} (process {process.pid}, log {log.relative_to(ROOT)})"


def stop(port: int) -> str:
    pid = int(pid_file(port).read_text()) if pid_file(port).exists() else 0
    pid_file(port).unlink(missing_ok=True)
    if not pid or not is_ours(pid):
        return "The local AWS is not running"
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while is_ours(pid):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    return "The local AWS is stopped"


def pid_file(port: int) -> Path:
    return FOLDER / f"{port}.pid"


def is_ours(pid: int) -> bool:
    """Whether that process runs the local AWS: the number may have been given to another one since."""
    command_line = Path(f"/proc/{pid}/cmdline")
    if command_line.parents[1].joinpath("self").exists():  # Linux, where ps may not be installed
        return command_line.exists() and b"tests.emulator" in command_line.read_bytes()
    shown = subprocess.run(["ps", "-o", "stat=,args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "tests.emulator" in shown.stdout and not shown.stdout.startswith("Z")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=["start", "stop"])
    parser.add_argument("--port", type=int, default=5566)
    options = parser.parse_args()
    print({"start": start, "stop": stop}[options.action](options.port))


if __name__ == "__main__":
    main()
