# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A GitHub on this machine: the secrets and variables of repositories, with the key that opens the secrets."""

from __future__ import annotations

import json
import re
import threading
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from nacl.public import PrivateKey, SealedBox

ROUTE = re.compile(r"/repos/([^/]+/[^/]+)/(actions|environments/[^/]+)/(secrets|variables)(?:/([^/]+))?")
NAME = re.compile(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*")
Answer = tuple[int, Any]


@dataclass
class Place:
    """A repository, or an environment of it."""

    secrets: dict[str, str] = field(default_factory=dict)  # what was sealed, opened
    written: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)


@dataclass
class GitHub:
    """Runs until `stop`. Repositories are those that were added."""

    token: str = "a-token-of-github"
    places: dict[str, Place] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    failures: list[tuple[int, dict[str, str]]] = field(default_factory=list)  # answered first: status and headers
    key: PrivateKey = field(default_factory=PrivateKey.generate)
    clock: int = 0

    def __post_init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def add(self, repository: str, environment: str = "") -> Place:
        name = f"{repository}/environments/{environment}" if environment else f"{repository}/actions"
        return self.places.setdefault(name, Place())

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path in self.requests if method != "GET"]

    def put_secret(self, place: Place, name: str, value: str) -> None:
        """As somebody does in GitHub's own pages."""
        self.clock += 1
        place.secrets[name], place.written[name] = value, f"2026-01-01T00:00:{self.clock:02d}Z"

    def answer(self, method: str, url: str, token: str, body: Any) -> Answer:
        parts = urlsplit(url)
        if token != f"Bearer {self.token}":
            return 401, {"message": "Bad credentials"}
        match = ROUTE.fullmatch(parts.path)
        place = self.places.get(f"{match[1]}/{unquote(match[2])}") if match else None
        if place is None:
            return 404, {"message": "Not Found"}
        query = {key: int(values[0]) for key, values in parse_qs(parts.query).items()}
        if match[3] == "secrets":
            return self._secrets(place, method, match[4], query, body)
        return self._variables(place, method, match[4], query, body)

    def _secrets(self, place: Place, method: str, name: str | None, query: dict[str, int], body: Any) -> Answer:
        if method == "GET" and name == "public-key":
            return 200, {"key_id": "568250167242549743", "key": b64encode(bytes(self.key.public_key)).decode()}
        if method == "GET" and name is None:
            return _page("secrets", [{"name": n, "updated_at": place.written[n]} for n in sorted(place.secrets)], query)
        if method == "DELETE" and name in place.secrets:
            del place.secrets[name], place.written[name]
            return 204, None
        if method == "PUT" and name:
            if not NAME.fullmatch(name) or body.get("key_id") != "568250167242549743":
                return 422, {"message": "Bad request"}
            new = name not in place.secrets
            opened = SealedBox(self.key).decrypt(b64decode(body["encrypted_value"])).decode()
            self.put_secret(place, name, opened)
            return (201, {}) if new else (204, None)
        return 404, {"message": "Not Found"}

    def _variables(self, place: Place, method: str, name: str | None, query: dict[str, int], body: Any) -> Answer:
        there = place.variables
        if method == "GET" and name is None:
            return _page("variables", [{"name": n, "value": there[n]} for n in sorted(there)], query)
        if method == "POST" and name is None:
            if body["name"] in there:
                return 409, {"message": "Already exists - Variable already exists"}
            if not NAME.fullmatch(body["name"]):
                return 422, {"message": "Bad request"}
            there[body["name"]] = body["value"]
            return 201, {}
        if name in there and method in ("PATCH", "DELETE"):
            there.update({name: body["value"]}) if method == "PATCH" else there.pop(name)
            return 204, None
        return 404, {"message": "Not Found"}


def _page(what: str, items: list[Any], query: dict[str, int]) -> Answer:
    size = min(query.get("per_page", 10), 30)
    start = (query.get("page", 1) - 1) * size
    return 200, {"total_count": len(items), what: items[start : start + size]}


def _handler(github: GitHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            github.requests.append((self.command, self.path))
            more: dict[str, str] = {}
            if github.failures:
                status, more = github.failures.pop(0)
                data: Any = {"message": "so it was told to fail"}
            else:
                status, data = github.answer(self.command, self.path, self.headers.get("Authorization", ""), body)
            text = b"" if data is None else json.dumps(data).encode()
            self.send_response(status)
            for name, value in {**more, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = respond

        def log_message(self, *args: Any) -> None:
            pass

    return Handler
