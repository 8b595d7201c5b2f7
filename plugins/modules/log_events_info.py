#!/usr/bin/python
# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: log_events_info
short_description: Read the last events of a CloudWatch log group
version_added: 0.2.0
description:
  - Reads events of all streams of a log group, oldest first, see
    U(https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html). Only so many are
    kept, the last ones.
author:
  - The slipway.fargate team (@slipway)
options:
  log_group:
    description: The name of the log group.
    type: str
    required: true
  since:
    description:
      - How far back, as V(90s), V(15m), V(2h) or V(1d), or from when on, as V(2026-05-01T12:00:00Z); a time without an
        offset is UTC.
    type: str
    default: 1h
  filter:
    description:
      - A filter pattern, as V(ERROR) or V({ $.level = "error" }), see
        U(https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html).
    type: str
    default: ""
  stream_prefix:
    description: What the names of the streams begin with, as the name of a container.
    type: str
    default: ""
  limit:
    description: How many events to return at most, V(1) to V(10000).
    type: int
    default: 100
attributes:
  check_mode:
    description: Never writes.
    support: full
  diff_mode:
    description: Never changes anything.
    support: none
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Read the errors of the last two hours
  slipway.fargate.log_events_info:
    log_group: /ecs/shop-prod-web
    since: 2h
    filter: ERROR
"""

RETURN = r"""
events:
  description: The events, each with C(time), C(stream) and C(message).
  returned: success
  type: list
  elements: dict
  sample: [{"time": "2026-05-01T12:00:00.000Z", "stream": "web/web/0123", "message": "listening on 8080"}]
left_out:
  description: How many older events were left out.
  returned: success
  type: int
  sample: 0
text:
  description: The events as lines.
  returned: success
  type: str
  sample: "2026-05-01T12:00:00.000Z web/web/0123 listening on 8080"
"""

import re
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.fargate.plugins.module_utils.engine import ResourceError, RetryingClient

AGO = re.compile(r"(\d+)\s*([smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
MOST = 10_000


def beginning(since: str, now: datetime) -> datetime:
    """When events are from: so long ago, or a time."""
    ago = AGO.fullmatch(since.strip())
    if ago:
        return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        found = datetime.fromisoformat(since.strip())
    except ValueError:
        raise ResourceError(
            f"since is {since!r}; allowed are 90s, 15m, 2h, 1d or a time as 2026-05-01T12:00:00Z"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def events(client: Any, params: dict[str, Any], start: datetime) -> tuple[list[dict[str, str]], int]:
    """The last events in the order of their times, and how many more there were."""
    asked: dict[str, Any] = {"logGroupName": params["log_group"], "startTime": int(start.timestamp() * 1000)}
    if params["filter"]:
        asked["filterPattern"] = params["filter"]
    if params["stream_prefix"]:
        asked["logStreamNamePrefix"] = params["stream_prefix"]
    kept: deque[dict[str, Any]] = deque(maxlen=params["limit"])
    seen, token = 0, None
    while True:
        answer = client.filter_log_events(**asked, **({"nextToken": token} if token else {}))
        page = answer["events"]
        seen += len(page)
        kept.extend(page)
        token = answer.get("nextToken")
        if not token:
            break
    listed = sorted(kept, key=lambda event: event["timestamp"])
    return [_event(event) for event in listed], seen - len(listed)


def _event(event: dict[str, Any]) -> dict[str, str]:
    time = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    return {
        "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "stream": event["logStreamName"],
        "message": event["message"].rstrip("\n"),
    }


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "log_group": {"type": "str", "required": True},
            "since": {"type": "str", "default": "1h"},
            "filter": {"type": "str", "default": ""},
            "stream_prefix": {"type": "str", "default": ""},
            "limit": {"type": "int", "default": 100},
        },
        supports_check_mode=True,
    )
    group, limit = module.params["log_group"], module.params["limit"]
    try:
        if not 1 <= limit <= MOST:
            raise ResourceError(f"limit is {limit}; allowed are 1 to {MOST}")
        start = beginning(module.params["since"], datetime.now(UTC))
        found, left_out = events(RetryingClient(module, "logs"), module.params, start)
    except ResourceError as error:
        module.fail_json(msg=f"log group {group}: {error}")
    except is_boto3_error_code("ResourceNotFoundException"):
        module.fail_json(msg=f"log group {group}: there is none; converge the component first")
    except (ClientError, BotoCoreError) as error:  # pylint: disable=duplicate-except
        module.fail_json_aws(error, msg=f"Could not read log group {group}")
    text = "\n".join(f"{event['time']} {event['stream']} {event['message']}" for event in found)
    module.exit_json(changed=False, events=found, left_out=left_out, text=text)


if __name__ == "__main__":
    main()
