"""The same as a Postman collection (format 2.1): fill in four variables, and each request can be sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from retour.web.openapi import PLACEHOLDER
from retour.web.operations import FORM, JSON
from retour.web.schemas import Schema

FORMAT = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
VARIABLES = {
    "baseUrl": "http://127.0.0.1:8080",
    "clientId": "",
    "clientSecret": "",
    "imsOrg": "myImsOrg",
    "sandbox": "dev",
    "accessToken": "",
    "accessTokenUntil": "0",
    "version": "1",
    "uploadId": "",
}
NOUNS = {  # the variable that keeps the id of what a path is about
    "executions": "executionId",
    "campaigns": "campaignId",
    "channel-configurations": "channelConfigurationId",
    "feedback-webhooks": "feedbackWebhookId",
    "deliveries": "deliveryId",
    "jwks": "sandboxId",
}
SHOWN = {
    "name": "feedback-event",
    "namespace": "email",
    "userId": "ann@luma.example",
    "email": "ann@luma.example",
    "domain": "luma.example",
    "number": "+31612345678",
    "provider": "sendgrid",
    "token": "of-a-channel-configuration",
    "jobId": "{{uploadId}}",
    "imsOrgId": "{{imsOrg}}",
    "sandboxId": "{{sandboxId}}",
}
HEADERS = {
    "x-api-key": "{{clientId}}",
    "x-gw-ims-org-id": "{{imsOrg}}",
    "x-sandbox-name": "{{sandbox}}",
    "if-match": '"{{version}}"',
}
FIRST_SCRIPT = """\
if (Date.now() >= Number(pm.collectionVariables.get("accessTokenUntil"))) {
    const form = {
        grant_type: "client_credentials",
        client_id: pm.variables.get("clientId"),
        client_secret: pm.variables.get("clientSecret"),
    };
    pm.sendRequest({
        url: pm.variables.replaceIn("{{baseUrl}}/ims/token/v3"),
        method: "POST",
        header: {"Content-Type": "application/x-www-form-urlencoded"},
        body: {mode: "urlencoded", urlencoded: Object.entries(form).map(([key, value]) => ({key, value}))},
    }, (error, response) => {
        if (error || response.code !== 200) {
            throw new Error("There is no token: fill in baseUrl, clientId and clientSecret.");
        }
        const answer = response.json();
        pm.collectionVariables.set("accessToken", answer.access_token);
        pm.collectionVariables.set("accessTokenUntil", String(Date.now() + 900 * answer.expires_in));
    });
}"""
READ_SCRIPT = """\
const answer = pm.response.code < 300 ? pm.response.json() : {};
const made = answer.data ? answer.data[0] || {} : answer;
if (made.version) { pm.collectionVariables.set("version", String(made.version)); }"""
KEEP_SCRIPT = """
if (made.executionId || made.id) {{ pm.collectionVariables.set("{variable}", made.executionId || made.id); }}"""


def collection(document: Schema) -> Schema:
    """Made from the OpenAPI document: a folder for each tag, a request for each operation."""
    folders: dict[str, list[Schema]] = {}
    for method, path, operation in _operations(document):
        folders.setdefault(operation["tags"][0], []).append(_item(document, method, path, operation))
    known = VARIABLES | dict.fromkeys(NOUNS.values(), "")
    return {
        "info": {"name": document["info"]["title"], "schema": FORMAT, "description": _description(document)},
        "auth": _bearer(),
        "event": [_event("prerequest", FIRST_SCRIPT)],
        "variable": [{"key": key, "value": value} for key, value in known.items()],
        "item": [{"name": tag, "item": items} for tag, items in folders.items()],
    }


def _operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _description(document: Schema) -> str:
    return (
        f"Version {document['info']['version']}. Fill in baseUrl, clientId, clientSecret, imsOrg and sandbox."
    )


def _bearer() -> Schema:
    return {"type": "bearer", "bearer": [{"key": "token", "value": "{{accessToken}}", "type": "string"}]}


def _event(listen: str, script: str) -> Schema:
    return {"listen": listen, "script": {"type": "text/javascript", "exec": script.splitlines()}}


# --- a request ------------------------------------------------------------------------------------------


def _item(document: Schema, method: str, path: str, operation: Schema) -> Schema:
    request: Schema = {"method": method, "header": _headers(document, operation), "url": _url(path)}
    if not operation["security"]:
        request["auth"] = {"type": "noauth"}
    if "requestBody" in operation:
        request["body"] = _body(operation["requestBody"]["content"])
    item: Schema = {"name": operation["summary"], "request": request, "response": []}
    script = _script(path, operation)
    return item | ({"event": [_event("test", script)]} if script else {})


def _script(path: str, operation: Schema) -> str:
    """Keeps what the next requests need: the id of what was made or found, and its version."""
    noun = _noun(path)
    if noun is None or "204" in operation["responses"]:
        return ""
    if "{id}" not in path:
        return READ_SCRIPT + KEEP_SCRIPT.format(variable=noun)
    versioned = any("ETag" in answer.get("headers", {}) for answer in operation["responses"].values())
    return READ_SCRIPT if versioned and "201" not in operation["responses"] else ""


def _noun(path: str) -> str | None:
    """The variable of what a path is about."""
    return next((variable for word, variable in NOUNS.items() if word in path.split("/")), None)


def _headers(document: Schema, operation: Schema) -> list[Schema]:
    shared = document["components"]["parameters"]
    names = [
        shared[parameter["$ref"].rpartition("/")[2]]["name"]
        for parameter in operation["parameters"]
        if "$ref" in parameter
    ]
    made = [{"key": name, "value": HEADERS[name]} for name in names]
    given = operation.get("requestBody", {}).get("content", {})
    kinds = [kind for kind in given if kind in (JSON, FORM)]  # of a file Postman tells it, with the boundary
    return made + [{"key": "content-type", "value": kind} for kind in kinds]


def _url(path: str) -> Schema:
    values = SHOWN | {"id": f"{{{{{_noun(path)}}}}}"}
    filled = PLACEHOLDER.sub(lambda found: values[found[1]], path)
    return {
        "raw": "{{baseUrl}}" + filled,
        "host": ["{{baseUrl}}"],
        "path": filled.removeprefix("/").split("/"),
    }


def _body(content: Schema) -> Schema:
    if FORM in content:
        return {"mode": "urlencoded", "urlencoded": TOKEN_FORM}
    if JSON not in content:
        return {"mode": "formdata", "formdata": FILE_FORM}
    text = json.dumps(_filled(content[JSON].get("example", {})), ensure_ascii=False, indent=2)
    return {"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}}


TOKEN_FORM = [
    {"key": "grant_type", "value": "client_credentials"},
    {"key": "client_id", "value": "{{clientId}}"},
    {"key": "client_secret", "value": "{{clientSecret}}"},
]
FILE_FORM = [{"key": "file", "type": "file", "src": []}]
FILLED = {  # $guid: a new id for each request, made by Postman
    "requestId": "{{$guid}}",
    "campaignId": "{{campaignId}}",
    "channelConfigurationId": "{{channelConfigurationId}}",
}


def _filled(body: Any) -> Any:
    """With the ids of what the requests before made."""
    if not isinstance(body, dict):
        return body
    return body | {name: FILLED[name] for name in FILLED if name in body}
