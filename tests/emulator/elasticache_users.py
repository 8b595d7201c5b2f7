# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ElastiCache users and user groups."""

from __future__ import annotations

import re
from typing import Any

from moto.core.base_backend import BaseBackend

from .errors import AwsError
from .support import Params, Tags, begin, now, passing

ID = re.compile(r"^[a-z][a-z0-9\-]{0,39}$", re.I)
ENGINES = ("redis", "valkey")
PASSWORD_LENGTHS = range(16, 129)
PASSWORDS_AT_MOST = 2
AUTHENTICATION_TYPES = ("password", "no-password-required", "iam")
DEFAULT = "default"
RULE = re.compile(
    r"^(on|off|allkeys|allchannels|allcommands|nocommands|resetkeys|resetchannels|clearselectors|sanitize-payload"
    r"|skip-sanitize-payload|~\S+|%(R|W|RW)~\S+|&\S+|[+\-]@?[a-z0-9|\-_.]+|\(.*|.*\))$",
    re.I,
)


class UsersMixin(BaseBackend):
    users: dict[str, Any]
    user_groups: dict[str, dict[str, Any]]
    replication_groups: dict[str, Any]
    tags: Tags

    def arn(self, kind: str, name: str) -> str:
        return f"arn:{self.partition}:elasticache:{self.region_name}:{self.account_id}:{kind}:{name}"

    # ---- users -------------------------------------------------------------------------------------

    def built_in_user(self) -> dict[str, Any]:
        """Every account has it from the start; nobody can change or delete it."""
        return {
            "UserId": DEFAULT,
            "UserName": DEFAULT,
            "Status": "active",
            "Engine": "redis",
            "MinimumEngineVersion": "6.0",
            "AccessString": "on ~* +@all",
            "UserGroupIds": [],
            "Authentication": {"Type": "no-password"},
            "ARN": self.arn("user", DEFAULT),
        }

    def create_user(self, params: Params) -> Params:
        user_id = _valid_id(params, "UserId")
        if user_id in self.users:
            raise AwsError("UserAlreadyExists", f"User {user_id} already exists.")
        engine = _valid_engine(params)
        name = params.get("UserName") or ""
        if not name or re.search(r"\s", name):
            raise AwsError("InvalidParameterValue", "User name must not be empty or contain whitespace.")
        _check_access_string(params.get("AccessString"))
        authentication = _authentication(params, engine)
        if authentication is None:
            raise AwsError(
                "InvalidParameterValue",
                "No password was provided. If you want to create/update the user without password, "
                "please use the NoPasswordRequired flag.",
            )
        if authentication["Type"] == "iam" and name.lower() != user_id:
            raise AwsError(
                "InvalidParameterCombination", "User Id and User name must be same for authentication type: iam"
            )
        arn = self.arn("user", user_id)
        user = {
            "UserId": user_id,
            "UserName": name,
            "Status": "active",
            "Engine": engine,
            "MinimumEngineVersion": "7.0" if authentication["Type"] == "iam" else "6.0",
            "AccessString": params["AccessString"],
            "UserGroupIds": [],
            "Authentication": authentication,
            "ARN": arn,
        }
        self.users[user_id] = user
        self.tags.add(arn, params.get("Tags"))
        begin(self, "user", user_id, "creating")
        return self._shown_user(user)

    def modify_user(self, params: Params) -> Params:
        user = self._active_user(params["UserId"])
        engine = _valid_engine(params) if params.get("Engine") else user["Engine"]
        if params.get("AccessString") and params.get("AppendAccessString"):
            raise AwsError(
                "InvalidParameterCombination", "AccessString and AppendAccessString cannot both be specified."
            )
        if params.get("AccessString") is not None:
            _check_access_string(params["AccessString"])
        authentication = _authentication(params, engine)
        if authentication:
            user["Authentication"] = authentication
        if params.get("AccessString") is not None:
            user["AccessString"] = params["AccessString"]
        if params.get("AppendAccessString"):
            _check_access_string(params["AppendAccessString"])
            user["AccessString"] += f" {params['AppendAccessString']}"
        user["Engine"] = engine
        begin(self, "user", user["UserId"], "modifying")
        return self._shown_user(user)

    def delete_user(self, params: Params) -> Params:
        user = self._active_user(params["UserId"])
        if user["UserName"] == DEFAULT and self._groups_of(user["UserId"]):
            raise AwsError(
                "DefaultUserAssociatedToUserGroup",
                f"The default user {user['UserId']} is associated with a user group and cannot be deleted.",
            )
        for group in self._groups_of(user["UserId"]):
            group["UserIds"].remove(user["UserId"])
        user["deleted"] = True
        if not begin(self, "user", user["UserId"], "deleting"):
            self._drop_user(user)
        return {**self._shown_user(user), "Status": "deleting"}

    def describe_users(self, params: Params) -> Params:
        wanted = (params.get("UserId") or "").lower()
        if wanted and wanted not in self.users:
            raise AwsError("UserNotFound", f"User {wanted} not found.")
        users = [user for user_id, user in list(self.users.items()) if wanted in ("", user_id)]
        for condition in params.get("Filters") or ():
            field = {"user-id": "UserId", "user-name": "UserName", "engine": "Engine"}.get(condition["Name"])
            if field is None:
                raise AwsError("InvalidParameterValue", f"Invalid filter name: {condition['Name']}")
            users = [user for user in users if user[field] in condition["Values"]]
        shown = [self._shown_user(user, read=True) for user in users]
        for user in users:
            if user.get("deleted") and passing(self, "user", user["UserId"]) is None:
                self._drop_user(user)
        shown = [user for user in shown if not (user["Status"] == "active" and user.get("deleted"))]
        if wanted and not shown:
            raise AwsError("UserNotFound", f"User {wanted} not found.")
        return {"Users": shown}

    def _shown_user(self, user: dict[str, Any], *, read: bool = False) -> dict[str, Any]:
        status = passing(self, "user", user["UserId"], read=read) or user["Status"]
        groups = [group["UserGroupId"] for group in self._groups_of(user["UserId"])]
        return {**user, "Status": status, "UserGroupIds": groups}

    def _active_user(self, user_id: str) -> dict[str, Any]:
        user_id = user_id.lower()
        user: dict[str, Any] | None = self.users.get(user_id)
        if user is None:
            raise AwsError("UserNotFound", f"User {user_id} not found.")
        if user_id == DEFAULT:
            raise AwsError("InvalidParameterValue", "The default user cannot be modified or deleted.")
        if passing(self, "user", user_id):
            raise AwsError("InvalidUserState", f"User {user_id} is not in active state.")
        return user

    def _drop_user(self, user: dict[str, Any]) -> None:
        self.users.pop(user["UserId"], None)
        self.tags.drop(user["ARN"])

    def _groups_of(self, user_id: str) -> list[dict[str, Any]]:
        return [group for group in self.user_groups.values() if user_id in group["UserIds"]]

    # ---- user groups -------------------------------------------------------------------------------

    def create_user_group(self, params: Params) -> Params:
        group_id = _valid_id(params, "UserGroupId")
        if group_id in self.user_groups:
            raise AwsError("UserGroupAlreadyExists", f"User group {group_id} already exists.")
        engine = _valid_engine(params)
        user_ids = [user_id.lower() for user_id in params.get("UserIds") or ()]
        self._check_members(user_ids, engine)
        arn = self.arn("usergroup", group_id)
        group = {
            "UserGroupId": group_id,
            "Status": "active",
            "Engine": engine,
            "UserIds": user_ids,
            "MinimumEngineVersion": "6.0",
            "ARN": arn,
            "created": now(),
        }
        self.user_groups[group_id] = group
        self.tags.add(arn, params.get("Tags"))
        begin(self, "usergroup", group_id, "creating")
        return self.shown_group(group)

    def modify_user_group(self, params: Params) -> Params:
        group = self._active_group(params["UserGroupId"])
        added = [user_id.lower() for user_id in params.get("UserIdsToAdd") or ()]
        removed = [user_id.lower() for user_id in params.get("UserIdsToRemove") or ()]
        if not added and not removed and not params.get("Engine"):
            raise AwsError("InvalidParameterCombination", "No modifications were requested.")
        for user_id in added:
            if user_id in group["UserIds"] or user_id in removed:
                raise AwsError("InvalidParameterValue", f"User {user_id} cannot be added to the user group.")
        for user_id in removed:
            if user_id not in group["UserIds"]:
                raise AwsError("InvalidParameterValue", f"{user_id} is not a member of user group.")
        members = [user_id for user_id in group["UserIds"] if user_id not in removed] + added
        engine = _valid_engine(params) if params.get("Engine") else group["Engine"]
        self._check_members(members, engine)
        group.update(UserIds=members, Engine=engine)
        if begin(self, "usergroup", group["UserGroupId"], "modifying"):
            return {**self.shown_group(group), "PendingChanges": {"UserIdsToAdd": added, "UserIdsToRemove": removed}}
        return self.shown_group(group)

    def describe_user_groups(self, params: Params) -> Params:
        wanted = (params.get("UserGroupId") or "").lower()
        if wanted:
            self.user_group(wanted)
        groups = [group for group_id, group in list(self.user_groups.items()) if wanted in ("", group_id)]
        return {"UserGroups": [self.shown_group(group, read=True) for group in groups]}

    def delete_user_group(self, params: Params) -> Params:
        group = self._active_group(params["UserGroupId"])
        users = self._caches_with(group["UserGroupId"])
        if users:
            raise AwsError(
                "InvalidUserGroupState",
                f"User group {group['UserGroupId']} is associated with replication group {users[0]} "
                "and cannot be deleted.",
            )
        self.user_groups.pop(group["UserGroupId"])
        self.tags.drop(group["ARN"])
        return {**self.shown_group(group), "Status": "deleting"}

    def user_group(self, group_id: str) -> dict[str, Any]:
        group = self.user_groups.get(group_id.lower())
        if group is None:
            raise AwsError("UserGroupNotFound", f"User group {group_id} not found.")
        return group

    def shown_group(self, group: dict[str, Any], *, read: bool = False) -> dict[str, Any]:
        status = passing(self, "usergroup", group["UserGroupId"], read=read) or group["Status"]
        return {**group, "Status": status, "ReplicationGroups": self._caches_with(group["UserGroupId"])}

    def _active_group(self, group_id: str) -> dict[str, Any]:
        group = self.user_group(group_id)
        status = passing(self, "usergroup", group["UserGroupId"])
        if status:
            raise AwsError(
                "InvalidUserGroupState",
                f"User group {group_id} has status {status}. Only active user groups can be modified.",
            )
        return group

    def _caches_with(self, group_id: str) -> list[str]:
        return [name for name, cache in self.replication_groups.items() if group_id in cache.get("UserGroupIds", ())]

    def _check_members(self, user_ids: list[str], engine: str) -> None:
        names: list[str] = []
        for user_id in user_ids:
            user = self.users.get(user_id)
            if user is None or user.get("deleted"):
                raise AwsError("UserNotFound", f"User {user_id} not found.")
            if user["UserName"] in names:
                raise AwsError(
                    "DuplicateUserName",
                    f"User group cannot contain more than one user with the user name {user['UserName']}.",
                )
            names.append(user["UserName"])
            self._check_member_engine(user, engine)
        if engine == "redis" and DEFAULT not in names:
            raise AwsError("DefaultUserRequired", "User group needs to contain a user with the user name default.")

    @staticmethod
    def _check_member_engine(user: dict[str, Any], engine: str) -> None:
        if engine == "valkey" and user["Authentication"]["Type"] == "no-password":
            raise AwsError(
                "InvalidParameterValue",
                f"User {user['UserId']} needs no password; a user group with the engine valkey cannot contain it.",
            )
        if engine == "redis" and user["Engine"] == "valkey":
            raise AwsError(
                "InvalidParameterValue", f"User {user['UserId']} has the engine valkey, the user group has redis."
            )


def _valid_id(params: Params, name: str) -> str:
    value = params.get(name) or ""
    if not ID.match(value) or value.endswith("-") or "--" in value:
        raise AwsError(
            "InvalidParameterValue",
            f"The parameter {name} must be provided and must contain only letters, digits and hyphens, "
            "begin with a letter and have at most 40 characters.",
        )
    return str(value).lower()


def _valid_engine(params: Params) -> str:
    engine = (params.get("Engine") or "").lower()
    if engine not in ENGINES:
        raise AwsError(
            "InvalidParameterValue", f'Unknown parameter for Engine: "{engine}", must be one of: {", ".join(ENGINES)}'
        )
    return engine


def _check_access_string(text: str | None) -> None:
    rules = (text or "").split()
    if not rules:
        raise AwsError("InvalidParameterValue", "AccessString must be provided.")
    for rule in rules:
        if not RULE.match(rule):
            raise AwsError("InvalidParameterValue", f"Access String {text} is invalid: {rule} is not a known rule.")


def _authentication(params: Params, engine: str) -> dict[str, Any] | None:
    """None when the caller says nothing about it."""
    mode = params.get("AuthenticationMode") or {}
    passwords = params.get("Passwords") or []
    kind = mode.get("Type")
    if kind and kind not in AUTHENTICATION_TYPES:
        raise AwsError("InvalidParameterValue", f'Unknown authentication type "{kind}".')
    if passwords and mode.get("Passwords"):
        raise AwsError(
            "InvalidParameterCombination", "Passwords provided via multiple arguments. Use only one argument"
        )
    passwords = passwords or mode.get("Passwords") or []
    open_to_all = bool(params.get("NoPasswordRequired")) or kind == "no-password-required"
    if passwords and (open_to_all or kind == "iam"):
        raise AwsError(
            "InvalidParameterCombination", "Password field is not allowed with authentication type: " + (kind or "none")
        )
    if open_to_all:
        if engine == "valkey":
            raise AwsError("InvalidParameterValue", "No password required is not supported for the engine valkey.")
        return {"Type": "no-password"}
    if kind == "iam":
        return {"Type": "iam"}
    if kind == "password" and not passwords:
        raise AwsError("InvalidParameterCombination", "A user with Authentication Mode: password must have one.")
    if not passwords:
        return None
    _check_passwords(passwords)
    return {"Type": "password", "PasswordCount": len(passwords)}


def _check_passwords(passwords: list[str]) -> None:
    if len(passwords) > PASSWORDS_AT_MOST:
        raise AwsError("InvalidParameterValue", f"A user can have at most {PASSWORDS_AT_MOST} passwords.")
    if any(len(password) not in PASSWORD_LENGTHS for password in passwords):
        raise AwsError("InvalidParameterValue", "Passwords length must be between 16-128 characters.")
    if len(set(passwords)) != len(passwords):
        raise AwsError("InvalidParameterValue", "Passwords must be unique.")
