# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan takes from results: changes, failures, and how both are written."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.slipway.fargate.plugins.plugin_utils import plan, plan_report
from ansible_collections.slipway.fargate.plugins.plugin_utils.plan import HIDDEN, Component

from tests.support.local_aws import ROOT

SCHEMA = json.loads((ROOT / "docs" / "plan.schema.json").read_text())
STARTED = 1_700_000_000.0  # 2023-11-14T22:13:20Z
LATER, EARLIER = "2023-11-14T22:13:25+00:00", "2023-11-13T00:00:00+00:00"


def changes(action: str, result: dict[str, Any], *, check: bool = False, **arguments: Any) -> list[plan.Change]:
    return list(plan.changes_of(action, arguments, {"changed": True, **result}, check=check, started=STARTED))


def one(action: str, result: dict[str, Any], *, check: bool = False, **arguments: Any) -> tuple[Any, str, str]:
    (change,) = changes(action, result, check=check, **arguments)
    return change["action"], change["resource"], change["name"]


# ---- our modules ------------------------------------------------------------------------------


def test_our_modules_say_it_themselves() -> None:
    told = {"action": "update", "resource": "SQS queue", "name": "q", "attributes": {"a": {"before": 1, "after": 2}}}
    assert changes("slipway.fargate.sqs_queue", {"changes": [told]}) == [told]
    assert changes("slipway.fargate.component_info", {"changes": [told]}) == []
    assert changes("ansible.builtin.copy", {"changes": [told]}) == [], "the run's own files are no resources"


def test_attributes_that_are_set_to_nothing_are_left_out() -> None:
    attributes = {"unit": {"before": None, "after": None}, "period": {"before": None, "after": 60}}
    told = {"action": "create", "resource": "CloudWatch alarm", "name": "a", "attributes": attributes}
    assert changes("slipway.fargate.cloudwatch_alarms", {"changes": [told]})[0]["attributes"] == {
        "period": {"before": None, "after": 60}
    }


def test_values_of_secrets_are_hidden() -> None:
    shown = plan.masked(
        {
            "auth_token": {"before": "old one", "after": "new one"},
            "master_user_password": {"before": None, "after": "hunter2"},
            "authentication": {"before": None, "after": {"passwords": ["hunter2"], "type": "password"}},
            "secret_arn": {"before": None, "after": "arn:aws:x"},
            "password_required": {"before": False, "after": True},
            "private_key": {"before": "", "after": "(known after apply)"},
        }
    )
    assert "hunter2" not in json.dumps(shown)
    assert shown["auth_token"] == {"before": "(sensitive)", "after": "(sensitive)"}
    assert shown["authentication"]["after"] == {"passwords": ["(sensitive)"], "type": "password"}
    assert shown["secret_arn"]["after"] == "arn:aws:x"
    assert shown["password_required"] == {"before": False, "after": True}
    assert shown["private_key"] == {"before": "", "after": "(known after apply)"}


def test_a_result_under_no_log_tells_no_name() -> None:
    hidden = {"censored": "the output has been hidden", "_ansible_no_log": True}
    assert one("amazon.aws.rds_instance", hidden, db_instance_identifier="db") == (None, "RDS instance", HIDDEN)
    assert one("amazon.aws.rds_instance", hidden, state="absent")[0] == "delete"


def test_a_loop_is_its_items() -> None:
    items = [
        {"changed": True, "invocation": {"module_args": {"name": "a", "state": "absent"}}},
        {"changed": False, "invocation": {"module_args": {"name": "b", "state": "absent"}}},
        {"changed": True, "changes": [], "invocation": {"module_args": {}}},
    ]
    assert one("amazon.aws.iam_role", {"results": items}) == ("delete", "IAM role", "a")


# ---- upstream modules -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "options", "resource", "name"),
    [
        ("amazon.aws.ec2_security_group", {"name": "web-sg", "vpc_id": "vpc-1"}, "security group", "web-sg"),
        ("amazon.aws.rds_instance", {"db_instance_identifier": "db"}, "RDS instance", "db"),
        ("amazon.aws.ec2_vpc_route_table", {"tags": {"Name": "private"}}, "route table", "private"),
        ("community.aws.elasticache_subnet_group", {"name": "cache"}, "ElastiCache subnet group", "cache"),
        ("amazon.aws.efs", {"name": "files"}, "efs", "files"),
        ("amazon.aws.ec2_vpc_igw", {}, "internet gateway", "ec2_vpc_igw"),
    ],
)
def test_type_and_name_come_from_the_module_and_its_options(
    module: str, options: dict[str, Any], resource: str, name: str
) -> None:
    assert one(module, {}, **options)[1:] == (resource, name)
    assert one(module, {"invocation": {"module_args": options}})[1:] == (resource, name)


def test_a_diff_tells_in_both_modes() -> None:
    for check in (False, True):
        made = {"diff": [{"before": {}, "after": {"group_name": "a"}}]}
        changed = {"diff": {"before": {"a": 1, "b": 2}, "after": {"a": 3, "b": 2}}}
        assert one("amazon.aws.ec2_security_group", made, check=check, name="a")[0] == "create"
        assert one("amazon.aws.ec2_security_group", changed, check=check, name="a")[0] == "update"
        assert one("amazon.aws.ec2_security_group", changed, check=check, name="a", state="absent")[0] == "delete"
        none = {"diff": {"before": None, "after": {"a": 1}}}
        assert one("amazon.aws.iam_instance_profile", none, check=check, name="a")[0] == "create"
    assert changes("amazon.aws.ec2_security_group", changed)[0]["attributes"] == {"a": {"before": 1, "after": 3}}


@pytest.mark.parametrize(
    ("check", "result", "action"),
    [
        (True, {}, "create"),
        (True, {"iam_role": {"create_date": EARLIER}}, "update"),
        (False, {"iam_role": {"create_date": LATER}}, "create"),
        (False, {"iam_role": {"create_date": "2023-11-14T22:13:20+00:00"}}, "create"),
        (False, {"iam_role": {"create_date": EARLIER}}, "update"),
        (False, {"iam_role": {"create_date": "garbage"}}, None),
        (False, {}, None),
    ],
)
def test_a_time_of_creation_tells_in_both_modes(check: bool, result: dict[str, Any], action: str | None) -> None:
    assert one("amazon.aws.iam_role", result, check=check, name="r")[0] == action


def test_what_a_module_would_do_it_may_say() -> None:
    said = {"msg": "Would have updated ALB if not in check mode."}
    assert one("amazon.aws.elb_application_lb", said, check=True, name="a")[0] == "update"
    said = {"msg": "Would have created ALB if not in check mode."}
    assert one("amazon.aws.elb_application_lb", said, check=True, name="a")[0] == "create"


def _component(name: str, *actions: str | None) -> Component:
    made = [{"action": a, "resource": "r", "name": f"{name}{i}", "attributes": {}} for i, a in enumerate(actions)]
    return Component(name, changes=made)


@pytest.mark.parametrize(
    ("own", "others", "action"),
    [
        (("create",), ("update",), "create"),  # the component's own certain changes come first
        (("update",), ("create",), "update"),
        (("create", "update"), (), "update"),
        ((), ("create", "create"), "create"),
        ((), ("create", "update"), "update"),
        ((), ("delete",), "update"),
        ((), (), "update"),
    ],
)
def test_what_nothing_tells_is_as_what_is_certain(own: tuple[str, ...], others: tuple[str, ...], action: str) -> None:
    component = _component("a", None, *own)
    plan.resolve([component, _component("b", *others)])
    assert component.changes[0]["action"] == action


def test_what_is_done_to_a_new_resource_belongs_to_its_creation() -> None:
    def change(action: str | None, **attributes: Any) -> plan.Change:
        shown = {key: {"before": old, "after": new} for key, (old, new) in attributes.items()}
        return {"action": action, "resource": "r", "name": "n", "attributes": shown}

    component = Component("a")
    assert component.add(change("create", a=(None, 1)))
    assert not component.add(change("update", a=(1, 2), b=(1, 2)))
    assert component.changes == [change("create", a=(None, 2), b=(1, 2))]
    assert component.add(change("delete"))
    assert component.add(change("create")), "a replacement is two changes"
    assert [c["action"] for c in component.changes] == ["create", "delete", "create"]
    hidden = Component("b")
    assert hidden.add({**change(None), "name": HIDDEN})
    assert hidden.add({**change(None), "name": HIDDEN}), "two hidden ones may be two resources"


# ---- failures ---------------------------------------------------------------------------------

AWS = "An error occurred (AccessDenied) when calling the CreateQueue operation (reached max retries: 2): no\n entry"


@pytest.mark.parametrize(
    ("action", "message", "cause"),
    [
        (
            "slipway.fargate.sqs_queue",
            f"Could not create SQS queue shop-orders: {AWS}",
            "Could not create SQS queue shop-orders: CreateQueue: AccessDenied: no entry",
        ),
        (
            "amazon.aws.iam_role",
            f"Unable to create: {AWS}",
            "IAM role shop-orders: Unable to create: CreateQueue: AccessDenied: no entry",
        ),
        ("amazon.aws.iam_role", AWS, "IAM role shop-orders: CreateQueue: AccessDenied: no entry"),
        ("ansible.builtin.assert", AWS, "CreateQueue: AccessDenied: no entry"),
        ("ansible.builtin.assert", "just so", "just so"),
        ("ansible.builtin.assert", "2 problems:\n  - a\n  - b", "2 problems: (2 more lines above)"),
    ],
)
def test_a_failure_is_one_line(action: str, message: str, cause: str) -> None:
    failure = plan.failure_of(action, {"name": "shop-orders"}, {"msg": message}, "Task")
    assert plan.cause(failure) == cause


def test_a_failure_in_parts_and_of_an_item() -> None:
    item = {"failed": True, "msg": AWS, "invocation": {"module_args": {"name": "second"}}}
    result = {"msg": "One or more items failed", "results": [{"failed": False}, item]}
    failure = plan.failure_of("amazon.aws.sqs_queue", {}, result, "Task")
    assert failure["resource"] == "SQS queue"
    assert (failure["name"], failure["operation"], failure["code"]) == ("second", "CreateQueue", "AccessDenied")
    assert failure["message"] == "no entry"
    assert plan.failure_of("amazon.aws.sqs_queue", {}, {"censored": "hidden"}, "Task")["message"] == "hidden"


# ---- how it is written ------------------------------------------------------------------------


def _environment() -> list[Component]:
    queue = Component("orders", kind="sqs", seconds=0.42)
    queue.add(
        {"action": "create", "resource": "SQS queue", "name": "q", "attributes": {"a": {"before": None, "after": 1}}}
    )
    attributes = {
        "retention": {"before": 1, "after": 7},
        "tags": {"before": {"A": "x", "B": "same"}, "after": {"A": "ü" * 200, "B": "same"}},
        "policy": {"before": {}, "after": {"Statement": []}},
    }
    database = Component("database", kind="rds", seconds=125)
    database.add({"action": "update", "resource": "RDS instance", "name": "db", "attributes": attributes})
    database.add({"action": "delete", "resource": "RDS snapshot", "name": "old", "attributes": {}})
    cache = Component("cache", kind="elasticache", seconds=12, failed=True)
    cache.failures = [plan.failure_of("slipway.fargate.x", {}, {"msg": f"Could not create x y: {AWS}"}, "Task")]
    return [
        queue,
        database,
        cache,
        Component("web", kind="ecs_service", not_started=True),
        Component("idle", kind="sqs"),
    ]


def _text(**options: Any) -> list[str]:
    given = {"check": True, "stack": "shop/dev", "seconds": 130.0, "full": False, **options}
    return [text for text, _ in plan_report.text(_environment(), **given)]


def test_the_plan_as_text() -> None:
    assert _text() == [
        "Plan for shop/dev:",
        "  orders (sqs)  0.4 s",
        "    + SQS queue q",
        "  database (rds)  2 min 5 s",
        "    ~ RDS instance db",
        "        retention: 1 -> 7",
        f"        tags.A: x -> {'ü' * 97}...",
        '        policy: {} -> {"Statement": []}',
        "    - RDS snapshot old",
        "Failed:",
        "  cache: Could not create x y: CreateQueue: AccessDenied: no entry",
        "Not started: web",
        "Plan: 1 to create, 1 to change, 1 to delete. 1 component failed. 5 components in 2 min 10 s.",
    ]


def test_a_run_as_text() -> None:
    assert _text(check=False)[0] == "Done for shop/dev:"
    assert _text(check=False)[-1].startswith("Done: 1 created, 1 changed, 1 deleted. 1 component failed.")
    assert _text(full=True)[3] == "        a: 1", "what is created is shown whole on demand"
    nothing = plan_report.text([Component("a", kind="sqs")], check=True, stack="", seconds=1.0, full=False)
    assert [text for text, _ in nothing] == ["Plan: 0 to create, 0 to change, 0 to delete. 1 component in 1.0 s."]


def test_the_plan_as_json_follows_its_schema() -> None:
    written = plan_report.document(_environment(), check=True, stack="shop/dev", playbook="site.yml", seconds=1.23456)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(json.dumps(written)), SCHEMA)
    assert written["summary"] == {"create": 1, "update": 1, "delete": 1, "failed": 1}
    states = {component["name"]: component["status"] for component in written["components"]}
    assert states == {
        "orders": "changed",
        "database": "changed",
        "cache": "failed",
        "web": "not_started",
        "idle": "unchanged",
    }


def test_the_file_is_private_and_whole(tmp_path: Path) -> None:
    target = tmp_path / "plan.json"
    target.write_text("old")
    target.chmod(0o644)
    plan_report.write(str(target), {"a": 1})
    assert json.loads(target.read_text()) == {"a": 1}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with pytest.raises(TypeError):
        plan_report.write(str(target), {("no", "key"): 1})
    assert json.loads(target.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [target], "nothing is left half written"
