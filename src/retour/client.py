"""The REST API as commands and the demo see it: one credential, plain calls, errors as sentences.

Blocking, on the standard library. No proxy of the environment is asked: the service is on this machine, or
has a name of its own.
"""

from __future__ import annotations

import http.client
import os
import ssl
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from retour.errors import ConfigError, RetourError
from retour.model import Value

CREDENTIALS_FILE = "cli.json"
RUNNING_FILE = "serve.json"
SECONDS = 10.0  # for a call; the service answers 503 long before
TOKEN_MARGIN = 60  # seconds before its end at which a token is not used any more


class Credentials(Value, frozen=True, rename="camel"):
    """`<data>/cli.json`, written by `retour init`: whom the commands speak for, and where."""

    base_url: str
    ims_org: str
    sandbox_name: str
    client_id: str
    client_secret: str
    campaign_id: str | None = None


class Running(Value, frozen=True):
    """`<data>/serve.json`, written by a running `retour serve`."""

    pid: int
    url: str


class UnreachableError(RetourError):
    """Nothing answers at this address."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"No service answers at {url} ({reason}). Start it with: retour serve")


class ApiError(RetourError):
    """The API refused: `title` says what, `context` what is wrong where (report.additionalContext)."""

    def __init__(self, status: int, title: str, context: Mapping[str, str]) -> None:
        super().__init__("\n".join([title, *(f"  {name}: {value}" for name, value in context.items())]))
        self.status = status
        self.title = title
        self.context = dict(context)


def read_credentials(data_dir: Path) -> Credentials:
    """The credentials that `retour init` left in the data directory. Raises ConfigError with what to do."""
    if not data_dir.is_dir():
        raise ConfigError(
            f"There is no data directory at {data_dir}. Run `retour init` first, or set RETOUR_DATA_DIR."
        )
    path = data_dir / CREDENTIALS_FILE
    if not path.exists():
        raise ConfigError(f"{path} is missing. Run `retour init` first; it makes the credentials.")
    try:
        return msgspec.json.decode(path.read_bytes(), type=Credentials)
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(f"{path} can't be read: {error}. Run `retour init` again.") from error


def connect(data_dir: Path, url: str | None = None, ca_file: str = "") -> Client:
    """A client for the service of this data directory.

    url: where the service is; else what a running `serve` says, else what `init` wrote. ca_file: one more
    authority to trust, for a service with a certificate of its own. Raises ConfigError.
    """
    credentials = read_credentials(data_dir)
    base_url = (url or running_url(data_dir) or credentials.base_url).rstrip("/")
    return Client(msgspec.structs.replace(credentials, base_url=base_url), ca_file)


def running_url(data_dir: Path) -> str | None:
    """Where a `serve` of this data directory runs now; None if none does."""
    try:
        running = msgspec.json.decode((data_dir / RUNNING_FILE).read_bytes(), type=Running)
        os.kill(running.pid, 0)
    except PermissionError:
        return running.url  # it lives, and is somebody else's
    except (OSError, msgspec.DecodeError):
        return None
    return running.url


class Client:
    """Calls of one sandbox. They raise UnreachableError or ApiError, and return the decoded answer."""

    def __init__(self, credentials: Credentials, ca_file: str = "") -> None:
        self.credentials = credentials
        self._ca_file = ca_file
        self._token = ""
        self._good_until = 0.0

    def at(self, sandbox: str) -> Client:
        """The same organization and credential in another sandbox."""
        return Client(msgspec.structs.replace(self.credentials, sandbox_name=sandbox), self._ca_file)

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """GET. `query`: names and values of the query string."""
        return self._call("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: Any = None) -> Any:
        """POST with a JSON body."""
        return self._call("POST", path, body)

    def put(self, path: str, body: Any, version: int) -> Any:
        """PUT over this version (If-Match)."""
        return self._call("PUT", path, body, [("if-match", f'"{version}"')])

    def delete(self, path: str) -> Any:
        """DELETE."""
        return self._call("DELETE", path)

    def ready(self) -> bool:
        """Whether the service is up and takes calls (`/readyz`)."""
        try:
            self._request("GET", "/readyz", None, [])
        except (UnreachableError, ApiError):
            return False
        return True

    def _call(self, method: str, path: str, body: Any = None, more: Sequence[tuple[str, str]] = ()) -> Any:
        content = None if body is None else msgspec.json.encode(body)
        headers = [
            ("authorization", f"Bearer {self._bearer()}"),
            ("x-api-key", self.credentials.client_id),
            ("x-gw-ims-org-id", self.credentials.ims_org),
            ("x-sandbox-name", self.credentials.sandbox_name),
            ("content-type", "application/json"),
            *more,
        ]
        return self._request(method, path, content, headers)

    def _bearer(self) -> str:
        if time.monotonic() > self._good_until:
            form = {
                "grant_type": "client_credentials",
                "client_id": self.credentials.client_id,
                "client_secret": self.credentials.client_secret,
            }
            headers = [("content-type", "application/x-www-form-urlencoded")]
            answer = self._request("POST", "/ims/token/v3", urlencode(form).encode(), headers)
            self._token = answer["access_token"]
            self._good_until = time.monotonic() + answer["expires_in"] - TOKEN_MARGIN
        return self._token

    def _request(
        self, method: str, path: str, content: bytes | None, headers: Sequence[tuple[str, str]]
    ) -> Any:
        connection = self._connection()
        base = urlsplit(self.credentials.base_url).path.rstrip("/")
        try:
            connection.request(method, base + path, body=content, headers=dict(headers))
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(self.credentials.base_url, str(error) or type(error).__name__) from error
        finally:
            connection.close()
        if response.status >= 300:
            raise _trouble(response.status, answer)
        return _decoded(answer)

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.credentials.base_url)
        host = parts.hostname or ""
        if parts.scheme != "https":
            return http.client.HTTPConnection(host, parts.port or 80, timeout=SECONDS)
        context = ssl.create_default_context()
        if self._ca_file:
            context.load_verify_locations(self._ca_file)
        return http.client.HTTPSConnection(host, parts.port or 443, timeout=SECONDS, context=context)


def _decoded(answer: bytes) -> Any:
    """The JSON of an answer, or None if it holds none."""
    try:
        return msgspec.json.decode(answer)
    except msgspec.DecodeError:
        return None


def _trouble(status: int, answer: bytes) -> ApiError:
    """AJO's error shape. What something else in between (a proxy) says is not repeated."""
    problem = _decoded(answer)
    if not isinstance(problem, dict) or not isinstance(problem.get("title"), str):
        return ApiError(status, f"The service answered {status} without saying why.", {})
    report = problem.get("report")
    context = report.get("additionalContext") if isinstance(report, dict) else None
    words = {str(name): str(value) for name, value in context.items()} if isinstance(context, dict) else {}
    return ApiError(status, problem["title"], words)


def ask_control(url: str, token: str, deed: str, words: Mapping[str, Any], ca_file: str = "") -> Any:
    """An operator's deed, done by the running service. Raises UnreachableError or ApiError."""
    nobody = Credentials(base_url=url, ims_org="", sandbox_name="", client_id="", client_secret="")
    headers = [("authorization", f"Bearer {token}"), ("content-type", "application/json")]
    content = msgspec.json.encode(dict(words))
    return Client(nobody, ca_file)._request("POST", f"/control/{deed}", content, headers)["result"]
