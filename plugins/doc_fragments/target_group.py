# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # A target group, alone or as one of a load balancer.
    DOCUMENTATION = r"""
options:
  port:
    description:
      - The port of targets that are registered without one. Cannot be changed.
      - Required when O(state=present).
    type: int
  protocol:
    description:
      - The protocol between the load balancer and the targets. Cannot be changed.
    type: str
    choices: [HTTP, HTTPS]
    default: HTTP
  protocol_version:
    description:
      - The version of the protocol. Cannot be changed.
    type: str
    choices: [HTTP1, HTTP2, GRPC]
    default: HTTP1
  target_type:
    description:
      - What targets are registered by; Fargate tasks are by V(ip). Cannot be changed.
    type: str
    choices: [ip, instance]
    default: ip
  health_check:
    description:
      - How the load balancer finds out whether a target is healthy. Suboptions that are not set are untouched.
    type: dict
    suboptions:
      path:
        description:
          - The path. AWS's default is V(/), or V(/AWS.ALB/healthcheck) for gRPC.
        type: str
      port:
        description:
          - A port, or V(traffic-port), AWS's default, for the one that the target is registered with.
        type: str
      protocol:
        description:
          - The protocol. AWS's default is V(HTTP).
        type: str
        choices: [HTTP, HTTPS]
      matcher:
        description:
          - The status codes of a healthy answer, as V(200), V(200,204) or V(200-299). AWS's default is V(200), or V(12)
            for gRPC.
        type: str
      interval_seconds:
        description:
          - The time between two checks of a target, 5 to 300 seconds, more than O(health_check.timeout_seconds). AWS's
            default is V(30).
        type: int
      timeout_seconds:
        description:
          - How long to wait for an answer, 2 to 120 seconds. AWS's default is V(5).
        type: int
      healthy_threshold:
        description:
          - After how many good answers in a row a target is healthy, 2 to 10. AWS's default is V(5).
        type: int
      unhealthy_threshold:
        description:
          - After how many bad answers in a row a target is unhealthy, 2 to 10. AWS's default is V(2).
        type: int
  deregistration_delay_seconds:
    description:
      - How long a target that goes may finish its requests, 0 to 3600 seconds. AWS's default is V(300).
    type: int
  slow_start_seconds:
    description:
      - How long a new target gets a growing share of the requests, 30 to 900 seconds; V(0), AWS's default, is none of
        it. Only with O(algorithm=round_robin).
    type: int
  algorithm:
    description:
      - How a target is chosen. AWS's default is V(round_robin).
    type: str
    choices: [round_robin, least_outstanding_requests, weighted_random]
  stickiness:
    description:
      - Whether a client stays on its target.
    type: dict
    suboptions:
      enabled:
        description:
          - Whether it does.
        type: bool
        default: true
      type:
        description:
          - By a cookie of the load balancer or of the application.
        type: str
        choices: [lb_cookie, app_cookie]
        default: lb_cookie
      duration_seconds:
        description:
          - For how long, 1 to 604800 seconds.
        type: int
        default: 86400
      cookie_name:
        description:
          - The application's cookie; needed with V(app_cookie).
        type: str
        default: ''
"""
