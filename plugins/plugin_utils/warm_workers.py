# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workers that end with their controller, however and whenever it is ended.

Python runs the handler of a signal as soon as it can: after a fork, that is in what libraries (logging, random) have
registered for forks, and there Python drops what the handler raises. ansible-core's own handler ends the workers and
raises KeyboardInterrupt, so that after a Ctrl-C in the middle of a fork the controller waited for dead workers forever.
A signal that came to a worker before Python was itself again in it was lost, too. Here both wait for the fork.
And a worker that a Ctrl-C ended in the middle of a result kept the lock of the queue, which the controller needs, too.

https://docs.python.org/3/library/os.html#os.register_at_fork
https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
"""

from __future__ import annotations

import ctypes
import functools
import gc
import os
import signal
from collections.abc import Callable
from typing import Any

from ansible.executor.process.worker import WorkerProcess

SIGNALS = (signal.SIGINT, signal.SIGTERM)  # those that ansible-core handles
PR_SET_PDEATHSIG = 1


def install() -> None:
    """For all workers of this controller."""
    WorkerProcess.start = _undisturbed(WorkerProcess.start)
    WorkerProcess.run = _bound(WorkerProcess.run, ctypes.CDLL(None).prctl)


def _bound(run: Callable[[Any], None], prctl: Callable[..., int]) -> Callable[[Any], None]:
    @functools.wraps(run)
    def runs(worker: Any) -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != worker._parent_pid:
            os._exit(1)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        worker._final_q.put = _whole(worker._final_q.put)
        gc.freeze()  # no need to look for garbage in what it has from the controller
        run(worker)

    return runs


def _whole(put: Callable[[Any], None]) -> Callable[[Any], None]:
    def puts(item: Any) -> None:
        # Not SIGTERM: it is what ends a worker when nobody reads the queue any more.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            put(item)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    return puts


def _undisturbed(start: Callable[[Any], None]) -> Callable[[Any], None]:
    @functools.wraps(start)
    def starts(worker: Any) -> None:
        controller, came = os.getpid(), []

        def keep(number: int, frame: Any) -> None:  # where another thread received it
            if os.getpid() != controller:  # in a worker that has no handler of its own yet
                os._exit(1)
            came.append(number)

        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        handlers = {number: signal.signal(number, keep) for number in SIGNALS}
        try:
            start(worker)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            for number in came[:1]:
                signal.raise_signal(number)

    return starts
