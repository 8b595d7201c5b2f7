#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_release
short_description: Publish an image, roll back or restart an ECS service
version_added: 0.2.0
description:
  - O(action=publish) registers a revision of the task definition that the service runs, different in one image alone,
    and updates the service to it, see
    U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html). An image that ECR does not have
    is refused before anything changes. The newest revision is used again when it is just that.
  - O(action=rollback) updates the service to a revision that is there already. Without O(to), a deployment that shifts
    traffic and has not ended, as in its bake time, is stopped instead, so that traffic goes back at once, see
    U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html).
  - O(action=restart) starts a new deployment of what the service runs.
  - Waits until that very deployment has completed. When it fails, the message says why its tasks stopped, what the
    service goes on with, and AWS's own events.
author:
  - The slipway.fargate team (@slipway)
options:
  name:
    description: The name of the service.
    type: str
    required: true
  cluster:
    description: The name or ARN of its cluster.
    type: str
    required: true
  action:
    description: What to do.
    type: str
    choices: [publish, rollback, restart]
    required: true
  image_tag:
    description: The tag to publish, of the repository that the container's image is from.
    type: str
  image:
    description: The image to publish, with its registry, instead of O(image_tag).
    type: str
  container:
    description: The container whose image it is; the first essential one when it is not given.
    type: str
  ecr_only:
    description:
      - Whether to publish or roll back leaves a service alone whose image is not in ECR, as one of somebody else's that
        runs beside one's own.
    type: bool
    default: false
  to:
    description:
      - What O(action=rollback) goes back to, a revision as V(7) or V(family:7), or a tag, which stands for the newest
        revision with an image of that tag. Without it the revision that last ran successfully before the one of now.
    type: str
attributes:
  check_mode:
    description: Says what would change, refuses what would be refused, and never writes.
    support: full
  diff_mode:
    description: Shows the image and the revision before and after.
    support: full
extends_documentation_fragment:
  - slipway.fargate.resource.wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Publish a tag
  slipway.fargate.ecs_release:
    name: shop-prod-web
    cluster: shop-prod-cluster
    action: publish
    image_tag: v1.4.0

- name: Go back to what ran before
  slipway.fargate.ecs_release:
    name: shop-prod-web
    cluster: shop-prod-cluster
    action: rollback

- name: Start its tasks anew
  slipway.fargate.ecs_release:
    name: shop-prod-web
    cluster: shop-prod-cluster
    action: restart
"""

RETURN = r"""
release:
  description: What the service runs now, or in check mode would run.
  returned: always
  type: dict
  contains:
    name:
      description: The service.
      type: str
      sample: shop-prod-web
    left_out:
      description: Why O(ecr_only) left it alone, or empty.
      type: str
      sample: ""
    container:
      description: The container that was published, or empty.
      type: str
      sample: web
    images:
      description: The image of each container.
      type: dict
      sample: {"web": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web:v1.4.0"}
    previous_images:
      description: The images before.
      type: dict
      sample: {"web": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web:v1.3.0"}
    task_definition:
      description: The task definition.
      type: str
      sample: shop-prod-web:8
    previous_task_definition:
      description: The task definition before.
      type: str
      sample: shop-prod-web:7
    deployment:
      description: The id of the deployment.
      type: str
      sample: ecs-svc/0123456789012345678
    running_count:
      description: How many tasks run.
      type: int
      sample: 2
    desired_count:
      description: How many are to run.
      type: int
      sample: 2
    events:
      description: The last events of the service, the newest first.
      type: list
      elements: str
      sample: ["(service shop-prod-web) has reached a steady state."]
changes:
  description: What was done, or in check mode would be done, with the attributes before and after.
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      resource: ECS service
      name: shop-prod-web
      attributes: {"task_definition": {"before": "shop-prod-web:7", "after": "shop-prod-web:8"}}
"""

from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.ecs_deployment import (
    Deployments,
    primary,
    short,
)
from ansible_collections.slipway.fargate.plugins.module_utils.ecs_image import (
    TAG,
    Image,
    chosen_container,
    nearest,
    refuse_missing,
)
from ansible_collections.slipway.fargate.plugins.module_utils.ecs_shift import (
    TURNING_BACK,
    UNDER_WAY,
    shifts,
)
from ansible_collections.slipway.fargate.plugins.module_utils.engine import (
    UNKNOWN,
    WAIT_SPEC,
    Attributes,
    Resource,
    ResourceError,
    RetryingClient,
    run_all,
)
from ansible_collections.slipway.fargate.plugins.module_utils.task_definition import differing

EVENTS = 5
HISTORY = 20  # what DescribeServiceRevisions takes at once
OWN = (
    "taskDefinitionArn",
    "revision",
    "registeredAt",
    "registeredBy",
    "status",
    "requiresAttributes",
    "compatibilities",
)


def images(definition: Attributes) -> dict[str, str]:
    return {item["name"]: item["image"] for item in definition["containerDefinitions"]}


class Revision(Resource):
    """The revision that the service is to run: the one that it runs, with another image."""

    type_name = "ECS task definition"

    def __init__(self, module: AnsibleAWSModule, service: Release) -> None:
        self.service = service
        self.wanted: Attributes = {}  # the definition to register
        self.made = ""  # the revision that has it
        super().__init__(module, service.name, {})

    def read(self) -> Attributes:
        definition = self.service.definition
        self.name = definition["family"]
        container = chosen_container(
            definition["containerDefinitions"], self.module.params["container"], self.service.name
        )
        self.service.container = container["name"]
        image = self._image(Image.parse(container["image"]))
        containers = [
            {**item, "image": str(image)} if item is container else item for item in definition["containerDefinitions"]
        ]
        self.wanted = {**definition, "containerDefinitions": containers}
        self.desired = {"containers": {name: {"image": image} for name, image in images(self.wanted).items()}}
        if str(image) != container["image"]:
            refuse_missing(self.module, image)
            self.made = self._again()
        return {"containers": {name: {"image": image} for name, image in images(definition).items()}}

    def _image(self, now: Image) -> Image:
        if self.module.params["image"]:
            return Image.parse(self.module.params["image"])
        tag = self.module.params["image_tag"]
        if not TAG.fullmatch(tag):
            raise ResourceError(f"image_tag is {tag!r}; allowed are up to 128 letters, digits and _ . -")
        return now.with_tag(tag)

    def _again(self) -> str:
        """The newest revision, when it is just what is wanted: an interrupted run registered it."""
        newest = self.service.client.describe_task_definition(taskDefinition=self.name)["taskDefinition"]
        return short(newest["taskDefinitionArn"]) if _plain(newest) == _plain(self.wanted) else ""

    def plan(self) -> Any:
        change = super().plan()
        return None if self.made else change

    def _change(self, action: str, before: Attributes, after: Attributes) -> Any:
        return super()._change(action, *differing(before, after, "containers"))

    def expected(self) -> Attributes:
        return {**(self.current or {}), **self.desired}

    def update(self, changed: set[str]) -> None:
        tags = {"tags": self.service.tags} if self.service.tags else {}
        made = self.service.client.register_task_definition(**_plain(self.wanted), **tags)
        self.made = short(made["taskDefinition"]["taskDefinitionArn"])


def _plain(definition: Attributes) -> Attributes:
    """What somebody registers of a definition, without what AWS adds."""
    return {key: value for key, value in definition.items() if key not in OWN and value not in ([], {}, None)}


class Release(Resource):
    """The service and the deployment that it is to have."""

    type_name = "ECS service"

    def __init__(self, module: AnsibleAWSModule) -> None:
        super().__init__(module, module.params["name"], {})
        self.client = RetryingClient(module, "ecs")
        self.cluster = module.params["cluster"]
        self.deployments = Deployments(self.client, self.cluster, self.name)
        self.container = ""
        self.seen = self._there()
        self.definition, self.tags = self._definition(self.seen["taskDefinition"])
        self.before = {
            "previous_task_definition": short(self.seen["taskDefinition"]),
            "previous_images": images(self.definition),
        }
        self.revision: Revision | None = None  # what publishing registers
        self.stopped: Attributes = {}  # the service deployment that a rollback stops

    def _there(self) -> Attributes:
        found = self.deployments.service()
        if found and found["status"] == "ACTIVE":
            return found
        try:
            arns = self.client.list("list_services", "serviceArns", cluster=self.cluster)
        except is_boto3_error_code("ClusterNotFoundException"):
            raise ResourceError(
                f"ECS service {self.name}: there is no cluster {self.cluster}; converge it first"
            ) from None
        names = [short(arn) for arn in arns]
        raise ResourceError(
            f"ECS service {self.name} is not deployed in cluster {self.cluster}: {nearest(self.name, names)}"
        )

    def _definition(self, name: str) -> tuple[Attributes, list[Attributes]]:
        answer = self.client.describe_task_definition(taskDefinition=name, include=["TAGS"])
        return answer["taskDefinition"], answer.get("tags") or []

    def read(self) -> Attributes:
        found = primary(self.seen) or {}
        return {
            "task_definition": short(self.seen["taskDefinition"]),
            "images": images(self.definition),
            "deployment": found.get("id", ""),
        }

    def plan(self) -> Any:
        action = self.module.params["action"]
        if action == "restart":
            self.desired = {"deployment": UNKNOWN}
        elif action == "rollback":
            target, _ = self._definition(self._target())
            self.desired = {"task_definition": short(target["taskDefinitionArn"]), "images": images(target)}
            self.desired |= {"deployment": UNKNOWN} if self.stopped else {}
        elif self.revision and (self.revision.change or self.revision.made):
            wanted = images(self.revision.wanted)
            self.desired = {"task_definition": self.revision.made or UNKNOWN, "images": wanted}
        return super().plan()

    def expected(self) -> Attributes:
        after = {**(self.current or {}), **self.desired}
        return {**after, "deployment": UNKNOWN} if self.desired else after

    # What a rollback goes back to.

    def _target(self) -> str:
        to, family, now = self.module.params["to"], self.definition["family"], short(self.seen["taskDefinition"])
        if not to:
            return self._source() or self._previous(now)
        arns = self.client.list("list_task_definitions", "taskDefinitionArns", familyPrefix=family, sort="DESC")
        revisions = [short(arn) for arn in arns if short(arn).rpartition(":")[0] == family]
        wanted = to if ":" in to else f"{family}:{to}"
        if wanted in revisions:
            return wanted
        tags = {}
        for revision in revisions:
            for image in images(self._definition(revision)[0]).values():
                tags.setdefault(Image.parse(image).tag, revision)
        if to in tags:
            return tags[to]
        known, hint = ", ".join(revisions[:EVENTS]), nearest(to, sorted(filter(None, tags)))
        raise ResourceError(
            f"ECS service {self.name}: no revision or tag {to} to go back to: {hint}; the newest revisions are {known}"
        )

    def _source(self) -> str:
        """What a deployment that shifts traffic and has not ended comes from."""
        record = (self.deployments.record() if shifts(self.seen) else None) or {}
        sources = record.get("sourceServiceRevisions") or []
        if record.get("status") not in UNDER_WAY or not sources:
            return ""
        self.stopped = record
        arns = [sources[0]["arn"]]
        (revision,) = self.client.describe_service_revisions(serviceRevisionArns=arns)["serviceRevisions"]
        return short(revision["taskDefinition"])

    def _previous(self, now: str) -> str:
        """What the last successful deployment of another revision ran; what was rolled back does not count."""
        found = self.client.list_service_deployments(cluster=self.cluster, service=self.name, status=["SUCCESSFUL"])
        arns = [item["targetServiceRevisionArn"] for item in found["serviceDeployments"]][:HISTORY]
        listed = self.client.describe_service_revisions(serviceRevisionArns=arns)["serviceRevisions"] if arns else []
        ran = {item["serviceRevisionArn"]: short(item["taskDefinition"]) for item in listed}
        for arn in arns:
            if ran.get(arn, now) != now:
                return ran[arn]
        raise ResourceError(
            f"ECS service {self.name}: no other revision than {now} has run successfully; name one with `to`"
        )

    # What AWS is told.

    def update(self, changed: set[str]) -> None:
        if self.stopped:
            arn = self.stopped["serviceDeploymentArn"]
            self.client.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
            return
        if "deployment" in changed:
            told = {"forceNewDeployment": True}
        else:
            told = {"taskDefinition": self.revision.made if self.revision else self.desired["task_definition"]}
        self.seen = self.client.update_service(cluster=self.cluster, service=self.name, **told)["service"]

    def settle(self) -> None:
        if not self.module.params["wait"] or primary(self.seen) is None:
            return
        timeout, found = self.module.params["wait_timeout"], primary(self.seen) or {}
        if self.stopped and self.change:
            self.deployments.wait_for_shift(found, {**self.stopped, "status": TURNING_BACK[0]}, timeout)
        else:
            self.deployments.settle(self.seen, self.current["deployment"], timeout, changed=bool(self.change))
        self.seen = self.deployments.service() or self.seen
        self.definition, self.tags = self._definition(self.seen["taskDefinition"])

    def report(self, shown: Attributes) -> Attributes:
        return {
            "name": self.name,
            "left_out": "",
            "container": self.container,
            **shown,
            **self.before,
            "running_count": self.seen["runningCount"],
            "desired_count": self.seen["desiredCount"],
            "events": [event["message"] for event in self.seen.get("events", [])[:EVENTS]],
        }


def left_out(release: Release) -> str:
    """Why a service is not one's own to publish."""
    params = release.module.params
    if params["action"] == "restart" or not params["ecr_only"]:
        return ""
    container = chosen_container(release.definition["containerDefinitions"], params["container"], release.name)
    return "" if Image.parse(container["image"]).ecr else f"its image {container['image']} is not in ECR"


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "cluster": {"type": "str", "required": True},
            "action": {"type": "str", "choices": ["publish", "rollback", "restart"], "required": True},
            "image_tag": {"type": "str"},
            "image": {"type": "str"},
            "container": {"type": "str"},
            "ecr_only": {"type": "bool", "default": False},
            "to": {"type": "str"},
            **WAIT_SPEC,
        },
        mutually_exclusive=[("image", "image_tag")],
        required_if=[("action", "publish", ("image", "image_tag"), True)],
        supports_check_mode=True,
    )
    try:
        release = Release(module)
        reason = left_out(release)
    except ResourceError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Could not read ECS service {module.params['name']}")
    if reason:
        shown = release.report(release.read())
        module.exit_json(changed=False, changes=[], diff=[], release={**shown, "left_out": reason})
    resources: list[Resource] = [release]
    if module.params["action"] == "publish":
        release.revision = Revision(module, release)
        resources.insert(0, release.revision)
    run_all(module, resources, key="release", collect=lambda shown: release.report(shown[-1]))


if __name__ == "__main__":
    main()
