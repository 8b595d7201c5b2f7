# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python measured.py RESULT COMMAND...: wall clock and CPU of a command and of all that it left behind.

Standard library alone and a process of its own: whatever the command orphans is handed to it (Linux), and so counts.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
ORPHANS_SECONDS = 20


def adopt_orphans() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def await_orphans() -> None:
    signal.alarm(ORPHANS_SECONDS)  # they end with the command; one that does not must not hold us
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    signal.alarm(0)


def main(result: str, *command: str) -> int:
    adopt_orphans()
    began = time.monotonic()
    status = subprocess.call(command, stdin=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    await_orphans()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    measured = {"seconds": seconds, "user": usage.ru_utime, "system": usage.ru_stime}
    Path(result).write_text(json.dumps(measured))
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
