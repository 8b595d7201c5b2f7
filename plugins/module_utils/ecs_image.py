# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which image a service runs, which it is to run, and whether that is there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, NamedTuple

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import ResourceError, RetryingClient

ECR = re.compile(
    r"(?P<registry>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/(?P<name>.+)"
)
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageIdentifier.html
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
NEAREST, NEWEST = 3, 5
Document = dict[str, Any]


class Image(NamedTuple):
    """An image's name in its parts; only one of tag and digest is set, or none."""

    repository: str  # with the registry
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Image:
        repository, _, digest = text.partition("@")
        if digest:
            return cls(repository, digest=digest)
        name, colon, tag = repository.rpartition(":")
        return cls(name, tag) if colon and "/" not in tag else cls(repository)

    def __str__(self) -> str:
        return self.repository + (f"@{self.digest}" if self.digest else f":{self.tag}" if self.tag else "")

    def with_tag(self, tag: str) -> Image:
        return Image(self.repository, tag)

    @property
    def ecr(self) -> re.Match[str] | None:
        return ECR.fullmatch(self.repository)


def refuse_missing(module: AnsibleAWSModule, image: Image) -> None:
    """Refuse an image that ECR does not have; registries other than ECR are not asked."""
    found = image.ecr
    if not found:
        module.warn(f"{image} is in no ECR registry: whether it is there is not known before its tasks are started")
        return
    with in_region(module, found["region"]):
        client = RetryingClient(module, "ecr")
    repository = {"registryId": found["registry"], "repositoryName": found["name"]}
    identity = {"imageDigest": image.digest} if image.digest else {"imageTag": image.tag or "latest"}
    try:
        client.describe_images(**repository, imageIds=[identity])
    except is_boto3_error_code("RepositoryNotFoundException"):
        raise ResourceError(f"there is no ECR repository {found['name']} in {found['region']}") from None
    except is_boto3_error_code("ImageNotFoundException"):
        wanted = image.digest or f"the tag {image.tag or 'latest'}"
        there = what_is_there(image.tag, client.list("describe_images", "imageDetails", **repository))
        raise ResourceError(f"ECR repository {found['name']} has no image with {wanted}; {there}") from None


def what_is_there(tag: str, images: Iterable[Document]) -> str:
    """The tags of a repository that somebody may have meant."""
    newest_first = sorted(images, key=lambda item: item["imagePushedAt"], reverse=True)
    tags = [name for item in newest_first for name in item.get("imageTags", [])]
    if not tags:
        return "it has no tagged image at all"
    nearest = get_close_matches(tag, tags, NEAREST, 0.5)
    newest = (
        f"the newest of {len(tags)} are {', '.join(tags[:NEWEST])}" if len(tags) > 1 else f"the only one is {tags[0]}"
    )
    return f"nearest to it: {', '.join(nearest)}; {newest}" if nearest else newest


@contextmanager
def in_region(module: AnsibleAWSModule, region: str) -> Any:
    """Clients made in here are of another region than the module's."""
    own = module.params.get("region")
    module.params["region"] = region
    try:
        yield
    finally:
        module.params["region"] = own


def chosen_container(containers: list[Document], wanted: str | None, service: str) -> Document:
    """The container whose image changes: the one that is named, or the first without which the task does not run."""
    if not wanted:
        return next(item for item in containers if item.get("essential", True))
    found = next((item for item in containers if item["name"] == wanted), None)
    if found is None:
        names = [item["name"] for item in containers]
        raise ResourceError(f"ECS service {service} has no container {wanted}: {nearest(wanted, names)}")
    return found


def nearest(wanted: str, names: list[str]) -> str:
    close = get_close_matches(wanted, names, 1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(names)) or 'none'}"
