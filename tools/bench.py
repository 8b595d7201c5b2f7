# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure safebucket/dev: warm against local, and the collection against a Terraform root that declares the same.

Everything in one run on one machine, pairs taken in turn so that what else the machine does hits both; median of three.
  a  no-change converge, slipway.fargate.warm against ansible.builtin.local
  b  no-change converge against `terraform plan`; our preview beside it
  c  b with 60 ms added to every API call
  d  first converge against apply, destroy against destroy
  e  no-change converge with 1, 2, 4 and 8 times the services and alarms
b, c and d need `terraform` on PATH, its AWS provider in a local plugin directory (TF_PLUGIN_DIR) and the peer (PEER).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "collections")]

from tests.support import playbook  # noqa: E402
from tests.support.local_aws import Account, LocalAws  # noqa: E402
from tools.benchmark import profile  # noqa: E402
from tools.benchmark.delay_line import DelayLine  # noqa: E402
from tools.benchmark.growth import SERVICES, multiplied  # noqa: E402
from tools.benchmark.table import Note, Row, Sample, Target, Value, as_markdown, as_text, in_columns, seconds  # noqa: E402

INVENTORY = ROOT / "inventories" / "safebucket" / "dev.yml"
PEER = ROOT.parent / "shared" / "peers" / "terraform" / "safebucket"
PLUGIN_DIRS = ("/opt/tf-plugins", "/usr/local/share/terraform/plugins", "~/.terraform.d/plugins")
DELAY = 0.06
TIMES = (1, 2, 4, 8)
LOCAL = {"ansible_connection": "ansible.builtin.local"}
TIMEOUT = 1800
Rows = Iterator[Row | Note | Value]


class Failed(Exception):
    """A run that should have passed did not."""


class Meter:
    """Runs commands on the local AWS: how long, how much CPU, how many calls."""

    def __init__(self, aws: LocalAws, folder: Path) -> None:
        self.aws = aws
        self.folder = folder

    def run(
        self, account: Account, command: list[str], *, cwd: Path, statuses: tuple[int, ...] = (0,), **more: str
    ) -> Sample:
        result, log = self.folder / "measured.json", self.folder / "output.log"
        since, before = account.position(), self._cpu_of_aws()
        with log.open("w") as output:
            status = subprocess.call(
                [sys.executable, str(ROOT / "tools/benchmark/measured.py"), str(result), *command],
                cwd=cwd,
                env=playbook.environment(account, **more),
                stdout=output,
                stderr=output,
                timeout=TIMEOUT,
            )
        if status not in statuses:
            raise Failed(f"{' '.join(command)} ended with {status}:\n{log.read_text()[-4000:]}")
        took = json.loads(result.read_text())
        calls = len(account.requests(since))
        return Sample(took["seconds"], took["user"] + took["system"], calls, self._cpu_of_aws() - before)

    def _cpu_of_aws(self) -> float:
        try:
            fields = Path(f"/proc/{self.aws.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Ours:
    """An environment of ours, in an account of its own."""

    def __init__(self, meter: Meter, inventory: Path = INVENTORY) -> None:
        self.meter, self.inventory = meter, inventory
        self.account = meter.aws.account()
        self.extra = playbook.bucket(self.account)

    def run(
        self, verb: str, *arguments: str, url: str = "", extra: dict[str, Any] | None = None, **more: str
    ) -> Sample:
        command = playbook.command(self.inventory, verb, *arguments, **self.extra, **(extra or {}))
        endpoint = {"AWS_ENDPOINT_URL": url} if url else {}
        return self.meter.run(self.account, command, cwd=ROOT, **endpoint, **more)

    def unchanged(self, *arguments: str, **more: Any) -> Sample:
        """A converge, or a preview, that must find nothing to change."""
        plan = self.meter.folder / "plan.json"
        plan.unlink(missing_ok=True)
        sample = self.run("site", *arguments, SLIPWAY_PLAN_JSON=str(plan), **more)
        changes = [
            change for component in json.loads(plan.read_text())["components"] for change in component["changes"]
        ]
        if changes:
            raise Failed(f"a converge that should change nothing changes {changes}")
        return sample

    def preview(self, **more: Any) -> Sample:
        return self.unchanged("--check", "--diff", **more)

    def destroy(self) -> Sample:
        return self.run("destroy", extra={"confirm": "safebucket-dev"})

    def alarms(self) -> int:
        pages = self.account.client("cloudwatch").get_paginator("describe_alarms").paginate()
        return sum(len(page["MetricAlarms"]) for page in pages)


class Peer:
    """The Terraform root, in an account and a folder of its own."""

    def __init__(self, meter: Meter, source: Path, plugins: str) -> None:
        self.meter = meter
        self.account = meter.aws.account()
        self.folder = Path(tempfile.mkdtemp(dir=meter.folder))
        for path in source.iterdir():
            if path.suffix in (".tf", ".tfvars"):
                shutil.copy(path, self.folder)
        # The root names its credentials; a key of twelve digits is the account.
        override = f'provider "aws" {{\n  access_key = "{self.account.id}"\n}}\n'
        (self.folder / "account_override.tf").write_text(override)
        self._terraform("init", f"-plugin-dir={plugins}")
        self._inputs = ["-var-file=dev.tfvars", f"-var=s3_bucket_name=safebucket-storage-{self.account.id}"]
        self.changes = False

    def _terraform(self, *arguments: str, statuses: tuple[int, ...] = (0,), url: str = "") -> Sample:
        endpoint = {"AWS_ENDPOINT_URL": url} if url else {}
        command = ["terraform", *arguments, "-input=false", "-no-color"]
        more = {"TF_CLI_CONFIG_FILE": "/dev/null", "CHECKPOINT_DISABLE": "1", **endpoint}
        return self.meter.run(self.account, command, cwd=self.folder, statuses=statuses, **more)

    def apply(self) -> Sample:
        return self._terraform("apply", "-auto-approve", *self._inputs)

    def plan(self, url: str = "") -> Sample:
        sample = self._terraform("plan", *self._inputs, url=url)
        self.changes |= "No changes." not in (self.meter.folder / "output.log").read_text()
        return sample

    def destroy(self) -> Sample:
        return self._terraform("destroy", "-auto-approve", *self._inputs)


class Bench:
    """The parts of the table, each giving its rows."""

    def __init__(self, meter: Meter, runs: int, peer: Path) -> None:
        self.meter, self.runs, self.source = meter, runs, peer
        self.plugins = plugin_dir()

    @cached_property
    def ours(self) -> Ours:
        """An environment that is converged."""
        say("converging safebucket/dev")
        ours = Ours(self.meter)
        ours.run("site")
        ours.unchanged()
        return ours

    @cached_property
    def peer(self) -> Peer:
        say("applying the peer")
        peer = Peer(self.meter, self.source, self.plugins)
        peer.apply()
        peer.plan()
        peer.changes = False
        return peer

    @property
    def lacking(self) -> str:
        """What is missing to measure against the peer, in a word."""
        if not shutil.which("terraform"):
            return "skipped: no terraform on PATH"
        if not self.plugins:
            return "skipped: no AWS provider for terraform in a plugin directory, set TF_PLUGIN_DIR"
        return "" if self.source.is_dir() else f"skipped: no peer at {self.source}, set PEER"

    def in_turn(self, what: str, **sides: Callable[[], Sample]) -> dict[str, list[Sample]]:
        """A B A B A B."""
        samples: dict[str, list[Sample]] = {name: [] for name in sides}
        for number in range(self.runs):
            for name, side in sides.items():
                samples[name].append(side())
                say(f"{what} {number + 1}/{self.runs}: {name} {samples[name][-1].seconds:.1f} s")
        return samples

    def warm_against_local(self) -> Rows:
        ours = self.ours
        took = self.in_turn("a", warm=ours.unchanged, local=lambda: ours.unchanged(extra=LOCAL))
        what = "no-change converge, warm against local"
        yield Row("a", what, took["warm"], took["local"], Target(4, at_least=True), inverse=True)

    def against_plan(self, part: str = "b", url: str = "", words: str = "") -> Rows:
        if self.lacking:
            yield Note(part, f"no-change converge against terraform plan{words}", self.lacking)
            return
        ours, peer = self.ours, self.peer
        took = self.in_turn(
            part,
            converge=lambda: ours.unchanged(url=url),
            preview=lambda: ours.preview(url=url),
            plan=lambda: peer.plan(url),
        )
        target = Target(1.5, aim=1.0)
        yield Row(part, f"no-change converge against terraform plan{words}", took["converge"], took["plan"], target)
        yield Row(part, f"its preview (--check --diff) against terraform plan{words}", took["preview"], took["plan"])
        if peer.changes:
            yield Note(part, "the peer's plan", "is not empty, though nothing changed")

    def far_away(self) -> Rows:
        words = f", {DELAY * 1000:.0f} ms more a call"
        with DelayLine(self.meter.aws.url, DELAY) as line:
            rows = list(self.against_plan("c", line.url, words))
        yield from rows
        counted = sum(sample.calls for row in rows if isinstance(row, Row) for sample in row.ours)
        counted += sum(sample.calls for sample in rows[0].theirs) if isinstance(rows[0], Row) else 0
        if line.calls != counted:
            yield Note("c", "calls", f"{counted} were counted, {line.calls} went through the delay line")

    def first_and_last(self) -> Rows:
        if self.lacking:
            yield Note("d", "first converge and destroy against apply and destroy", self.lacking)
            return
        took: dict[str, list[Sample]] = {}
        for number in range(self.runs):
            ours, peer = Ours(self.meter), Peer(self.meter, self.source, self.plugins)
            sides = {
                "converge": lambda ours=ours: ours.run("site"),
                "apply": peer.apply,
                "our destroy": ours.destroy,
                "their destroy": peer.destroy,
            }
            for name, side in sides.items():
                took.setdefault(name, []).append(side())
                say(f"d {number + 1}/{self.runs}: {name} {took[name][-1].seconds:.1f} s")
        yield Row("d", "first converge against terraform apply", took["converge"], took["apply"], Target(1.0))
        yield Row("d", "destroy against terraform destroy", took["our destroy"], took["their destroy"], Target(1.0))

    def growth(self) -> Rows:
        environments: dict[int, Ours] = {}
        for times in TIMES:
            say(f"converging {times} times the services")
            inventory = multiplied(INVENTORY.parent, self.meter.folder / f"growth-{times}", times)
            environments[times] = Ours(self.meter, inventory)
            environments[times].run("site")
        took = self.in_turn("e", **{f"{times} times": ours.unchanged for times, ours in environments.items()})
        for times, ours in environments.items():
            what = (
                f"no-change converge, {times * len(SERVICES)} services, {ours.alarms()} alarms, against {len(SERVICES)}"
            )
            target = Target(times) if times > 1 else None
            yield Row("e", what, took[f"{times} times"], took["1 times"], target)
        spent = {times: seconds(took[f"{times} times"]) for times in TIMES}
        yield Value(
            "e", "what a service adds, from 4 to 8 times against from 1 to 4", slope(spent), Target(1.2, aim=1.0)
        )

    def profile(self) -> str:
        ours = self.ours
        timeline, log = self.meter.folder / "timeline", self.meter.folder / "warm.log"
        more = {
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tools" / "benchmark" / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "slipway.fargate.plan,slipway.fargate.warm,bench_timeline",
            "BENCH_TIMELINE": str(timeline),
            "SLIPWAY_WARM_LOG": str(log),
        }
        since = ours.account.position()
        sample = ours.unchanged(**more)
        near = profile.report(timeline, log, sample)
        asked = profile.calls(ours.account.requests(since))
        with DelayLine(self.meter.aws.url, DELAY) as line:
            sample = ours.unchanged(url=line.url, **more)
        far = in_columns(profile.plays(profile.read(timeline)))
        head = f"With {DELAY * 1000:.0f} ms more a call, {sample.seconds:.2f} s, by play:"
        return f"{near}\n\nAPI calls:\n{asked}\n\n{head}\n{far}"


def slope(spent: dict[int, float]) -> float:
    """How much more one more costs late than early; 1 is linear."""
    late = (spent[8] - spent[4]) / (8 - 4)
    early = (spent[4] - spent[1]) / (4 - 1)
    return late / early


def plugin_dir() -> str:
    """Where terraform finds the provider without a registry."""
    named = os.environ.get("TF_PLUGIN_DIR")
    for folder in (named,) if named else PLUGIN_DIRS:
        path = Path(folder).expanduser()
        if any(path.glob("*/hashicorp/aws/*/*/terraform-provider-aws*")):
            return str(path)
    return ""


def machine() -> str:
    """What the figures were taken on."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [
            line.partition(":")[2].strip() for line in information.read_text().splitlines() if "model name" in line
        ]
        model = names[0] if names else model
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    core = subprocess.run(
        [sys.executable, "-c", "import ansible; print(ansible.__version__)"], capture_output=True, text=True, check=True
    )
    return (
        f"{os.cpu_count()} x {model}, {platform.system()}, Python {platform.python_version()}, "
        f"ansible-core {core.stdout.strip()}{terraform_version()}; load before: {load}"
    )


def terraform_version() -> str:
    if not shutil.which("terraform"):
        return ""
    shown = subprocess.run(
        ["terraform", "version", "-json"],
        env={**os.environ, "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": "/dev/null"},
        capture_output=True,
        text=True,
        check=True,
    )
    return f", terraform {json.loads(shown.stdout)['terraform_version']}"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="a,b,c,d,e", help="parts, as in a,b")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is taken (3)")
    parser.add_argument("--quick", action="store_true", help="one run of each")
    parser.add_argument("--markdown", action="store_true", help="the table as Markdown")
    parser.add_argument("--profile", action="store_true", help="show where a no-change converge's time goes instead")
    parser.add_argument("--peer", type=Path, default=Path(os.environ.get("PEER") or PEER), help="the Terraform root")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    on = machine()
    aws = LocalAws()
    try:
        with tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder:
            bench = Bench(Meter(aws, Path(folder)), 1 if options.quick else options.runs, options.peer.resolve())
            if options.profile:
                print(bench.profile())
                return 0
            parts = {
                "a": bench.warm_against_local,
                "b": bench.against_plan,
                "c": bench.far_away,
                "d": bench.first_and_last,
                "e": bench.growth,
            }
            wanted = options.only.split(",")
            if unknown := set(wanted) - set(parts):
                say(f"there is no part {', '.join(sorted(unknown))}; there is {', '.join(parts)}")
                return 2
            rows = [row for name, part in parts.items() if name in wanted for row in part()]
    except Failed as failure:
        say(str(failure))
        return 1
    finally:
        aws.stop()
    print((as_markdown if options.markdown else as_text)(rows))
    print(f"\nMedian of {bench.runs}. {on}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
