# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the benchmark that decide what its table says."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.support.local_aws import ROOT
from tools import bench
from tools.benchmark import growth, profile, table
from tools.benchmark.delay_line import DelayLine

DELAY = 0.06


def samples(*seconds: float) -> list[table.Sample]:
    return [table.Sample(number, number * 2, int(number * 10)) for number in seconds]


# ---- the table


def test_each_figure_is_the_median_of_its_own() -> None:
    taken = [table.Sample(9, 1, 30), table.Sample(1, 5, 10), table.Sample(2, 2, 20)]
    assert table.middle(taken) == table.Sample(2, 2, 20)


def test_a_ratio_says_how_long_ours_takes_or_how_much_faster_it_is() -> None:
    assert table.Row("b", "", samples(3, 1, 2), samples(8, 4, 2)).ratio == 0.5
    assert table.Row("a", "", samples(3, 1, 2), samples(8, 4, 2), inverse=True).ratio == 2


@pytest.mark.parametrize(
    ("target", "ratio", "met"),
    [
        (table.Target(1.5), 1.5, True),
        (table.Target(1.5), 1.51, False),
        (table.Target(4, at_least=True), 4.0, True),
        (table.Target(4, at_least=True), 3.99, False),
    ],
)
def test_a_target_is_met_at_its_limit(target: table.Target, ratio: float, met: bool) -> None:
    assert target.met(ratio) is met


def test_a_missed_target_is_named() -> None:
    row = table.Row("b", "what", samples(3), samples(2), table.Target(1.4, aim=1.0))
    expected = ("b", "what", "3.0 s", "2.0 s", "1.50", "<= 1.4, aim 1", "NOT met", "30 / 20", "6.0 / 4.0 s")
    assert table.cells(row) == expected


def test_the_figure_that_is_shown_is_the_one_that_is_judged() -> None:
    row = table.Row("a", "what", samples(1), samples(3.999), table.Target(4, at_least=True), inverse=True)
    assert table.cells(row)[4:7] == ("4.00", ">= 4", "met")


def test_what_is_skipped_stands_in_the_table() -> None:
    rows = [table.Note("b", "what", "skipped: why"), table.Value("e", "more", 0.9, table.Target(1.2))]
    shown = table.as_markdown(rows).splitlines()
    assert shown[2:] == [
        "| b | what |  |  |  |  | skipped: why |  |  |",
        "| e | more |  |  | 0.90 | <= 1.2 | met |  |  |",
    ]
    assert all(line.count("|") == shown[0].count("|") for line in shown)
    assert "skipped: why" in table.as_text(rows)


def test_figures_stand_to_the_right() -> None:
    assert (
        table.in_columns([("", "calls"), ("one", "5"), ("three", "10")]) == "       calls\none        5\nthree     10"
    )


@pytest.mark.parametrize(("spent", "expected"), [({1: 3, 4: 6, 8: 10}, 1), ({1: 3, 4: 6, 8: 14}, 2)])
def test_linear_growth_has_the_slope_one(spent: dict[int, float], expected: float) -> None:
    assert bench.slope(spent) == expected


# ---- the delay line


class Server(ThreadingHTTPServer):
    request_queue_size = 64


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def line() -> Iterator[DelayLine]:
    server = Server(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with DelayLine(f"http://127.0.0.1:{server.server_port}", DELAY) as delay_line:
        yield delay_line
    server.shutdown()
    server.server_close()


def connect(line: DelayLine) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(line.url).netloc, timeout=10)


def post(connection: http.client.HTTPConnection, body: bytes) -> bytes:
    connection.request("POST", "/", body)
    return connection.getresponse().read()


def test_every_call_of_a_kept_connection_is_delayed_once(line: DelayLine) -> None:
    connection = connect(line)
    for body in (b"one", b"x" * 300_000, b""):
        began = time.monotonic()
        assert post(connection, body) == body
        assert DELAY <= time.monotonic() - began < DELAY * 3
    assert line.calls == 3
    connection.close()


def test_calls_side_by_side_wait_side_by_side(line: DelayLine) -> None:
    def call(number: int) -> bytes:
        connection = connect(line)
        answer = post(connection, str(number).encode())
        connection.close()
        return answer

    began = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(call, range(20))) == [str(number).encode() for number in range(20)]
    assert time.monotonic() - began < DELAY * 10
    assert line.calls == 20


def test_nobody_behind_the_delay_line_is_a_lost_connection() -> None:
    with DelayLine("http://127.0.0.1:1", 0) as line, pytest.raises(ConnectionError):
        post(connect(line), b"")


# ---- measuring


def measured(tmp_path: Path, program: str) -> tuple[int, dict[str, float]]:
    result = tmp_path / "result.json"
    command = [sys.executable, str(ROOT / "tools/benchmark/measured.py"), str(result), sys.executable, "-c", program]
    status = subprocess.call(command)
    return status, json.loads(result.read_text())


def test_the_status_of_the_command_is_handed_on(tmp_path: Path) -> None:
    status, took = measured(tmp_path, "import time; time.sleep(0.2); raise SystemExit(3)")
    assert status == 3
    assert took["seconds"] >= 0.2
    assert took["user"] > 0


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux alone")
def test_the_cpu_of_what_a_command_leaves_behind_counts(tmp_path: Path) -> None:
    busy = "import time\nwhile time.process_time() < 0.5: pass"
    leave = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {busy!r}], start_new_session=True)"
    status, took = measured(tmp_path, leave)
    assert status == 0
    assert took["user"] + took["system"] >= 0.5


# ---- the larger environments


def test_an_environment_is_multiplied_with_names_of_its_own(tmp_path: Path) -> None:
    inventory = growth.multiplied(bench.INVENTORY.parent, tmp_path / "more", 3)
    services = yaml.safe_load(inventory.read_text())["components"]["ecs_service"]
    assert services == ["app", "loki", "mailpit", "app-2", "app-3", "loki-2", "loki-3", "mailpit-2", "mailpit-3"]
    variables = {name: yaml.safe_load((tmp_path / f"more/host_vars/{name}.yml").read_text()) for name in services}
    targets = [v["ecs_service_target_groups"][0]["target_group"] for v in variables.values()]
    assert len(set(targets)) == 9
    assert variables["app-3"]["ecs_service_name"] == "{{ stack_prefix }}-safebucket-3"
    public = yaml.safe_load((tmp_path / "more/host_vars/public-alb.yml").read_text())
    ports = [listener["port"] for listener in public["safebucket_listeners"]]
    assert len(public["alb_target_groups"]) == len(ports) == len(set(ports)) == 6


def test_once_is_the_environment_itself(tmp_path: Path) -> None:
    inventory = growth.multiplied(bench.INVENTORY.parent, tmp_path / "same", 1)
    assert yaml.safe_load(inventory.read_text()) == yaml.safe_load(bench.INVENTORY.read_text())
    assert len(list((tmp_path / "same/host_vars").iterdir())) == len(
        list((bench.INVENTORY.parent / "host_vars").iterdir())
    )


# ---- the profile


def test_a_profile_tells_processes_apart(tmp_path: Path) -> None:
    timeline, log = tmp_path / "timeline", tmp_path / "warm.log"
    events = [
        {"event": "run", "name": "start", "time": 0, "main": 0.5, "workers": 0},
        {"event": "play", "name": "Layer", "time": 1, "main": 0.6, "workers": 0},
        {"event": "task", "time": 2, "action": "a.b.c", "host": "h", "began": 1, "items": 2, "skipped": False},
        {"event": "end", "time": 3, "main": 1.0, "workers": 2.0},
    ]
    timeline.write_text("".join(json.dumps(event) + "\n" for event in events))
    log.write_text("x.modules.c wall=0.2000 user=0.1000 system=0.0500 faults=3 server=0.250\nnoise\n" * 2)
    shown = profile.report(timeline, log, table.Sample(3, 4, 7, 0.5)).splitlines()
    found = {line.split("  ")[0]: line.split() for line in shown}
    assert found["Layer"][1:] == ["2.00", "s", "1", "1", "0.40", "s", "2.00", "s", "h", "1.00", "s"]
    assert found["a.b.c"][1:] == ["1", "0", "2", "1.00", "s"]
    assert found["c"][1:] == ["2", "200", "ms", "150", "ms", "0.30", "s"]
    assert found["controller"][1:3] == ["1.00", "s"]
    assert found["not told apart"][3:5] == ["0.45", "s"]
    counted = profile.calls([{"service": "s3", "operation": "HeadBucket"}] * 2)
    assert counted.splitlines()[1].split() == ["s3:HeadBucket", "2"]
