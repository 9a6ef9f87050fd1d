"""The receivers of docs/webhooks.md, run as they stand there, get what the product signs, and what was spoilt."""

from __future__ import annotations

import importlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from docs.pages import blocks, page, sections
from outside import npm
from receiver.genuine import BODY, SECRET, SECRETS, authentication
from retour import ids, limits, signing

SECTION = sections(page("webhooks.md"), 2)["Receivers to start from"]
NAME = re.compile(r"^(?:#|//) (\w+\.(?:py|mjs))")
SNIPPETS = {
    found[1]: text
    for text in blocks(SECTION, "py") + blocks(SECTION, "js")
    if (found := NAME.match(text)) is not None
}
NODE_PACKAGES = ("express@5.3.0", "jose@6.2.18", "standardwebhooks@1.1.1")
SECONDS = 60
Headers = dict[str, str]
Post = Callable[[Headers, bytes], httpx.Response]
ENVIRONMENT = {"SIGNING_SECRET": SECRET, "JWT_SECRET": SECRETS["HS256"]}


def sent(body: bytes = BODY, id: str = "event-2", seconds_ago: int = 0, **claims: Any) -> Headers:
    """The headers of a try, as they are sent now."""
    now = ids.now() - seconds_ago * limits.SECOND
    auth = authentication(claims={"iss": "retour", **claims})
    return {
        "content-type": "application/json",
        "authorization": signing.Tokens().bearer("w1", auth, SECRETS["HS256"], ids.now()),
        **dict(signing.webhook_headers(SECRET, id, now // limits.SECOND, body)),
    }


def test_every_snippet_is_known_here() -> None:
    assert len(SNIPPETS) == len(blocks(SECTION, "py")) + len(blocks(SECTION, "js"))
    assert set(SNIPPETS) == {
        "inbox.py",
        "flask_receiver.py",
        "fastapi_receiver.py",
        "django_receiver.py",
        "express_receiver.mjs",
    }


# --- Python ---


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project that holds the snippets."""
    for name, text in SNIPPETS.items():
        (tmp_path / name).write_text(text)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in SNIPPETS:
        sys.modules.pop(name.removesuffix(".py"), None)


def flask() -> httpx.BaseTransport:
    return httpx.WSGITransport(importlib.import_module("flask_receiver").app)


def django() -> httpx.BaseTransport:
    """A project with the one view. Django has one configuration in a process."""
    settings = importlib.import_module("django.conf").settings
    if not settings.configured:
        settings.configure(SECRET_KEY="for the tests", ALLOWED_HOSTS=["*"], ROOT_URLCONF="urls_of_the_tests")
    urls = ModuleType("urls_of_the_tests")
    path = importlib.import_module("django.urls").path
    urls.__dict__["urlpatterns"] = [path("feedback", importlib.import_module("django_receiver").feedback)]
    sys.modules[urls.__name__] = urls
    importlib.import_module("django.urls").clear_url_caches()
    application = importlib.import_module("django.core.wsgi").get_wsgi_application()
    return httpx.WSGITransport(application)


def fastapi() -> httpx.AsyncBaseTransport:
    return httpx.ASGITransport(importlib.import_module("fastapi_receiver").app)


@pytest.fixture(params=["flask", "django", "fastapi"])
def post(request: pytest.FixtureRequest, folder: Path) -> Any:
    """POST to one of them, in this process."""

    async def post_there(headers: Headers, body: bytes) -> httpx.Response:
        if request.param == "fastapi":
            async with httpx.AsyncClient(
                transport=fastapi(), base_url="https://hooks.luma.example"
            ) as client:
                return await client.post("/feedback", content=body, headers=headers)
        transport = flask() if request.param == "flask" else django()
        with httpx.Client(transport=transport, base_url="https://hooks.luma.example") as client:
            return client.post("/feedback", content=body, headers=headers)

    return post_there


def inbox(folder: Path) -> list[tuple[str, str, str]]:
    database = sqlite3.connect(folder / "inbox.db")
    try:
        return database.execute("SELECT event_id, request_id, status FROM inbox ORDER BY event_id").fetchall()
    finally:
        database.close()


async def test_a_genuine_event_is_accepted_and_kept(post: Any, folder: Path) -> None:
    answer = await post(sent(), BODY)
    assert (answer.status_code, answer.text) == (204, "")
    assert inbox(folder) == [("event-2", "order-17", "bounce")]


async def test_the_same_event_again_is_accepted_and_kept_once(post: Any, folder: Path) -> None:
    answers = [await post(sent(id=id), BODY) for id in ("event-2", "event-2", "event-3")]
    assert [answer.status_code for answer in answers] == [204] * 3
    assert [event for event, _, _ in inbox(folder)] == ["event-2", "event-3"]


SPOILT: dict[str, tuple[Callable[[], Headers], bytes, str]] = {
    "body": (sent, BODY.replace(b"order-17", b"order-18"), "signature: "),
    "encoded again": (sent, json.dumps(json.loads(BODY)).encode(), "signature: "),
    "unsigned": (
        lambda: {name: value for name, value in sent().items() if "webhook" not in name},
        BODY,
        "headers: ",
    ),
    "old": (lambda: sent(seconds_ago=301), BODY, "timestamp: "),
    "no token": (
        lambda: {name: value for name, value in sent().items() if name != "authorization"},
        BODY,
        "token: ",
    ),
    "another's token": (lambda: sent(iss="somebody"), BODY, "token: "),
    "unreadable": (lambda: sent(b"{}"), b"{}", "body: "),
}


@pytest.mark.parametrize("how", SPOILT)
async def test_a_spoilt_one_is_refused_with_the_step_and_not_kept(post: Any, folder: Path, how: str) -> None:
    headers, body, step = SPOILT[how]
    answer = await post(headers(), body)
    assert (answer.status_code, answer.text[: len(step)]) == (401, step)
    assert not (folder / "inbox.db").exists()


# --- Node ---


@pytest.fixture(scope="module")
def express(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    """POST to the snippet in a node of its own, with its packages fresh from npm."""
    folder = tmp_path_factory.mktemp("express")
    (folder / "receiver.mjs").write_text(SNIPPETS["express_receiver.mjs"])
    npm.install(folder, *NODE_PACKAGES)
    environment = {**os.environ, **ENVIRONMENT, "PORT": "0"}
    process = subprocess.Popen(
        ["node", "receiver.mjs"], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("receiving on port "), "node ended; what it says stands above"
        port = int(line.split()[-1])
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            yield lambda headers, body: client.post("/feedback", content=body, headers=headers)
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)


@pytest.mark.slow
@pytest.mark.peer("node")
def test_express_accepts_a_genuine_event_also_when_it_comes_again(express: Post) -> None:
    assert [express(sent(), BODY).status_code for _ in range(2)] == [204, 204]


@pytest.mark.slow
@pytest.mark.peer("node")
@pytest.mark.parametrize("how", [how for how in SPOILT if how != "unreadable"])
def test_express_refuses_a_spoilt_one(express: Post, how: str) -> None:
    headers, body, _ = SPOILT[how]
    answer = express(headers(), body)
    assert answer.status_code == 401
    assert answer.text
