# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the server remembers besides the resources: the request log, settings and faults per account."""

from __future__ import annotations

import itertools
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

LOG_LENGTH = 200_000
ANY_ACCOUNT = "*"


@dataclass(slots=True)
class Entry:
    seq: int
    time: float
    account: str
    region: str
    service: str
    operation: str
    status: int
    error_code: str | None


@dataclass(slots=True)
class Fault:
    account: str
    service: str
    operation: str
    code: str
    message: str = "A fault set by the test"
    status: int = 400
    times: int = 1
    skip: int = 0

    def matches(self, account: str, service: str, operation: str) -> bool:
        wanted = ((self.account, account), (self.service, service), (self.operation, operation))
        return all(pattern in ("*", "", value) for pattern, value in wanted)


@dataclass
class State:
    latency_ms: float = 0
    settings: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    faults: list[Fault] = field(default_factory=list)
    log: deque[Entry] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))
    # (account, region, kind, name) -> reads left and the status till then
    pending: dict[tuple[str, str, str, str], list[Any]] = field(default_factory=dict)
    counter: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def setting(self, account: str, name: str, default: Any = None) -> Any:
        mine = self.settings.get(account, {})
        return mine.get(name, self.settings.get(ANY_ACCOUNT, {}).get(name, default))

    def change_settings(self, account: str, values: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            current = self.settings[account]
            for name, value in values.items():
                if value is None:
                    current.pop(name, None)
                else:
                    current[name] = value
            return dict(current)

    def record(self, entry: Entry) -> None:
        with self.lock:  # the numbers stand in the log in their order
            entry.seq = next(self.counter)
            entry.time = time.time()
            self.log.append(entry)

    def entries(self, account: str | None, since: int) -> list[Entry]:
        with self.lock:
            snapshot = list(self.log)
        return [e for e in snapshot if e.seq > since and account in (None, e.account)]

    def take_fault(self, account: str, service: str, operation: str) -> Fault | None:
        """The fault that this call meets, if any; counts the call."""
        with self.lock:
            for fault in self.faults:
                if not fault.matches(account, service, operation):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def forget(self, account: str | None) -> None:
        with self.lock:
            if account is None:
                self.log.clear()
                self.settings.clear()
                self.faults.clear()
                self.pending.clear()
                return
            self.log = deque((e for e in self.log if e.account != account), maxlen=LOG_LENGTH)
            self.settings.pop(account, None)
            self.pending = {place: left for place, left in self.pending.items() if place[0] != account}
            self.faults = [f for f in self.faults if f.account != account]


# One server per process: moto's own backends are process-wide as well.
STATE = State()
