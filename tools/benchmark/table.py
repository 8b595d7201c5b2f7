# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured, as rows with a ratio, a target and whether it is met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Sample:
    """One run; `aws` is the CPU that the local AWS spent on it, which is not in `cpu`."""

    seconds: float
    cpu: float
    calls: int
    aws: float = 0


@dataclass(frozen=True)
class Target:
    """What a ratio has to be: at most `limit`, or at least."""

    limit: float
    at_least: bool = False
    aim: float | None = None

    def met(self, ratio: float) -> bool:
        return ratio >= self.limit if self.at_least else ratio <= self.limit

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.limit:g}" + (f", aim {self.aim:g}" if self.aim else "")


@dataclass(frozen=True)
class Row:
    """`ours` against `theirs`."""

    part: str
    what: str
    ours: list[Sample]
    theirs: list[Sample]
    target: Target | None = None
    inverse: bool = False  # how many times faster ours is, where others tell how many times longer it takes

    @property
    def ratio(self) -> float:
        ours, theirs = seconds(self.ours), seconds(self.theirs)
        return theirs / ours if self.inverse else ours / theirs


@dataclass(frozen=True)
class Note:
    """A row without figures."""

    part: str
    what: str
    word: str


@dataclass(frozen=True)
class Value:
    """A row of one computed figure."""

    part: str
    what: str
    ratio: float
    target: Target


def middle(samples: list[Sample]) -> Sample:
    """Each figure's own median."""
    return Sample(
        median(s.seconds for s in samples),
        median(s.cpu for s in samples),
        round(median(s.calls for s in samples)),
        median(s.aws for s in samples),
    )


def seconds(samples: list[Sample]) -> float:
    return middle(samples).seconds


HEAD = ("", "ours, against", "ours", "the other", "ratio", "target", "", "API calls", "CPU")


def cells(row: Row | Note | Value) -> tuple[str, ...]:
    if isinstance(row, Note):
        return (row.part, row.what, "", "", "", "", row.word, "", "")
    verdict = "" if row.target is None else "met" if row.target.met(round(row.ratio, 2)) else "NOT met"
    judged = (f"{row.ratio:.2f}", "" if row.target is None else str(row.target), verdict)
    if isinstance(row, Value):
        return (row.part, row.what, "", "", *judged, "", "")
    ours, theirs = middle(row.ours), middle(row.theirs)
    return (
        row.part,
        row.what,
        f"{ours.seconds:.1f} s",
        f"{theirs.seconds:.1f} s",
        *judged,
        f"{ours.calls} / {theirs.calls}",
        f"{ours.cpu:.1f} / {theirs.cpu:.1f} s",
    )


def as_markdown(rows: Iterable[Row | Note | Value]) -> str:
    lines = [HEAD, ("---",) * len(HEAD), *(cells(row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def as_text(rows: Iterable[Row | Note | Value]) -> str:
    return in_columns([HEAD, *(cells(row) for row in rows)])


def in_columns(lines: Iterable[Iterable[Any]]) -> str:
    """Words to the left, figures to the right."""
    table = [[str(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    figures = [all(not cell or cell[0].isdigit() for cell in column[1:]) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, figures, strict=True)
        ).rstrip()
        for line in table
    )
