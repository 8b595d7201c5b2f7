# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules of Amazon ECS have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import Resource

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
FARGATE_SIZES: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
    8192: tuple(range(16384, 61441, 4096)),
    16384: tuple(range(32768, 122881, 8192)),
}


def size_problem(cpu: int, memory: int, cpu_option: str = "cpu", memory_option: str = "memory") -> str | None:
    """What is wrong with a pair of CPU units and MiB, as Fargate sees it."""
    if cpu not in FARGATE_SIZES:
        return f"{cpu_option} is {cpu}; allowed are {_shown(FARGATE_SIZES)}"
    if memory not in FARGATE_SIZES[cpu]:
        return f"{memory_option} is {memory}; allowed with {cpu_option} {cpu} are {_shown(FARGATE_SIZES[cpu])}"
    return None


def _shown(values: Iterable[int]) -> str:
    return ", ".join(map(str, values))


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return ansible_dict_to_boto3_tag_list(tags, tag_name_key_name="key", tag_value_key_name="value")


def tag_dict(tags: list[dict[str, str]] | None) -> dict[str, str]:
    return boto3_tag_list_to_ansible_dict(tags or [], tag_name_key_name="key", tag_value_key_name="value")


class Tagged(Resource):
    """A resource of ECS, whose tags are changed in place through its ARN."""

    client: Any

    def put_tags(self) -> None:
        to_set, to_remove = self.tag_changes()
        if to_remove:
            self.client.untag_resource(resourceArn=self.current["arn"], tagKeys=to_remove)
        if to_set:
            self.client.tag_resource(resourceArn=self.current["arn"], tags=tag_list(to_set))
