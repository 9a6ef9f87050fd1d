"""The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), with the feedback webhook's requests."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from retour import __version__, payloads
from retour.catalog.inputs import told
from retour.errors import Code
from retour.model import ChannelKind, Scope
from retour.web import schemas
from retour.web.examples import example
from retour.web.ingest import Name, Word
from retour.web.operations import JSON, Operation
from retour.web.problems import TYPE
from retour.web.schemas import Schema

REFERENCE = "#/components/schemas/{name}"
HEADERS = ("ApiKey", "Organization", "Sandbox")
Id = Annotated[str, told(minLength=1)]
IN_PATHS = {"namespace": Name, "userId": Word}
PLACEHOLDER = re.compile(r"{(\w+)}")
SCOPES = {
    Scope.EXECUTE: "Execute campaigns, replay deliveries.",
    Scope.CONFIGURE: "Create and change campaigns, channel configurations and the feedback webhook; test it.",
    Scope.READ: "Read everything in the sandbox.",
}
TAGS = {
    "tokens": "OAuth 2 client credentials.",
    "health": "Whether the service is up.",
    "executions": "Running campaigns for recipients, as with Adobe Journey Optimizer.",
    "campaigns": "What to say.",
    "configurations": "Channel configurations: which provider, which relay, from whom.",
    "webhooks": "Where feedback events go.",
    "profiles": "What is known of people.",
    "suppression": "Who gets no e-mail or no text messages, and who alone gets e-mail.",
    "suppression_uploads": "Lists of addresses, domains and numbers, as files.",
    "events": "What happened to messages, for readers that ask.",
    "deliveries": "What was owed to the webhook, every attempt, and once more.",
    "verification": "Why does a request that somebody received not verify?",
    "callbacks": "What mail providers tell of messages.",
    "contracts": "This document and its like.",
}
DESCRIPTION = """Send e-mail and SMS by API, hear every outcome at your HTTPS endpoint. \
Paths, names and shapes are Adobe Journey Optimizer's where it has them.

Unknown fields in a request are ignored. More fields may be added to answers and events; those that are here stay."""


def document(operations: Iterable[Operation]) -> Schema:
    """The whole document."""
    listed = list(operations)
    paths: dict[str, Schema] = {}
    for operation in listed:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.1",
        "info": _info(),
        "jsonSchemaDialect": schemas.DIALECT,
        "servers": [{"url": "/", "description": "Where this document comes from."}],
        "tags": [{"name": tag, "description": TAGS.get(tag, tag)} for tag in _tags(listed)],
        "paths": paths,
        "webhooks": {"feedbackEvent": {"post": _feedback_event()}},
        "components": _components(listed),
    }


def _info() -> Schema:
    return {
        "title": "retour",
        "version": __version__,
        "description": DESCRIPTION,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }


def _tags(operations: list[Operation]) -> list[str]:
    return list(dict.fromkeys(operation.tag for operation in operations))


# --- an operation ---------------------------------------------------------------------------------------


def _operation(operation: Operation) -> Schema:
    made: Schema = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": _parameters(operation),
        "responses": _answers(operation) | _refusals(operation),
        "security": [{"oauth2": [operation.scope.value]}] if operation.scope else [],
    }
    if operation.body is not None:
        made["requestBody"] = _request_body(operation)
    return made


def _parameters(operation: Operation) -> list[Schema]:
    made = [_in_path(operation, name) for name in PLACEHOLDER.findall(operation.path)]
    if operation.scope is not None:
        made += [{"$ref": f"#/components/parameters/{name}"} for name in HEADERS]
    if operation.names_a_version:
        made.append({"$ref": "#/components/parameters/IfMatch"})
    return made + _in_query(operation)


def _in_path(operation: Operation, name: str) -> Schema:
    shown = Literal[tuple(schemas.ALONE)] if operation.tag == "contracts" else IN_PATHS.get(name, Id)
    return {"name": name, "in": "path", "required": True, "schema": schemas.finished(_reference(shown))}


def _in_query(operation: Operation) -> list[Schema]:
    if operation.query is None:
        return []
    fields = msgspec.structs.fields(operation.query)
    made, parts = msgspec.json.schema_components([field.type for field in fields], ref_template="{name}")
    listed = (parts[schema["$ref"]] if "$ref" in schema else schema for schema in made)
    return [
        {"name": field.encode_name, "in": "query", "schema": _with_default(schemas.finished(schema), field)}
        for field, schema in zip(fields, listed, strict=True)
    ]


def _with_default(schema: Schema, field: msgspec.structs.FieldInfo) -> Schema:
    plain = isinstance(field.default, str | int)
    return schema | ({"default": field.default} if plain else {})


def _request_body(operation: Operation) -> Schema:
    content: Schema = {"schema": _reference(operation.body)}
    shown = example(operation.method, operation.path)
    if shown is not None:
        content["example"] = shown
    return {"required": True, "content": {operation.takes: content}}


def _answers(operation: Operation) -> dict[str, Schema]:
    made = {}
    for status, kind in operation.answers.items():
        answer: Schema = {"description": "Not changed." if status == 304 else operation.told}
        if kind is not None:
            answer["content"] = {operation.gives: {"schema": _reference(kind)}}
        if "version" in _names(kind):
            answer["headers"] = {"ETag": {"$ref": "#/components/headers/ETag"}}
        made[str(status)] = answer
    return made


def _names(kind: Any) -> tuple[str, ...]:
    return tuple(getattr(kind, "__struct_encode_fields__", ()))


def _reference(kind: Any) -> Schema:
    """A Struct by its name, the rest as it is."""
    ((schema,), _) = msgspec.json.schema_components([kind], ref_template=REFERENCE)
    return schema


def _refusals(operation: Operation) -> dict[str, Schema]:
    return {
        str(status): {"$ref": f"#/components/responses/{_refusal_name(operation.error, status, codes)}"}
        for status, codes in operation.refusals.items()
    }


# --- components -----------------------------------------------------------------------------------------


def _components(operations: list[Operation]) -> Schema:
    kinds = {kind for operation in operations for kind in _kinds(operation)}
    return {
        "schemas": schemas.components(sorted(kinds, key=lambda kind: str(kind.__name__)), REFERENCE),
        "responses": {
            _refusal_name(operation.error, status, codes): _refusal(operation.error, status, codes)
            for operation in operations
            for status, codes in operation.refusals.items()
        },
        "parameters": _shared_parameters(),
        "headers": _shared_headers(),
        "securitySchemes": _security(),
    }


def _kinds(operation: Operation) -> list[Any]:
    """The Structs of an operation."""
    named = [operation.body, operation.error, *operation.answers.values()]
    kinds = [inner for kind in named for inner in _inside(kind)]
    return [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]


def _inside(kind: Any) -> tuple[Any, ...]:
    """What a list is of, or the kind itself."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return get_args(kind) if get_origin(kind) is list else (kind,)


def _refusal_name(error: Any, status: int, codes: tuple[Code, ...]) -> str:
    return ".".join((error.__name__, str(status), *codes))


def _refusal(error: Any, status: int, codes: tuple[Code, ...]) -> Schema:
    """AJO's error shape with the codes that it can have."""
    types = [TYPE.format(code=code, status=status) for code in codes]
    exactly = {"properties": {"type": {"enum": types}, "status": {"enum": [status]}}}
    made: Schema = {
        "description": "; ".join(f"{code.name.lower()} (MSG-{code}-{status})" for code in codes),
        "content": {JSON: {"schema": {"allOf": [_reference(error), exactly]}}},
    }
    headers = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
    if status in headers and (status != 401 or Code.CLIENT_REFUSED not in codes):
        made["headers"] = {headers[status]: {"$ref": f"#/components/headers/{headers[status]}"}}
    return made


def _shared_parameters() -> Schema:
    told = {
        "ApiKey": ("x-api-key", "The client id that the token was made for.", "9f0c1e5a7b…"),
        "Organization": ("x-gw-ims-org-id", "The organization of the credential.", "myImsOrg"),
        "Sandbox": ("x-sandbox-name", "The name of one of its sandboxes.", "dev"),
        "IfMatch": ("if-match", "The version that was read: `version`, or the ETag.", '"3"'),
    }
    text = {"type": "string", "minLength": 1}
    return {
        key: {
            "name": name,
            "in": "header",
            "required": True,
            "description": sentence,
            "schema": text,
            "example": shown,
        }
        for key, (name, sentence, shown) in told.items()
    }


def _shared_headers() -> Schema:
    told = {
        "ETag": "The version, for If-Match.",
        "WWW-Authenticate": "The scheme to use: Bearer.",
        "Retry-After": "Seconds to wait.",
    }
    return {name: {"description": sentence, "schema": {"type": "string"}} for name, sentence in told.items()}


def _security() -> Schema:
    flow = {
        "tokenUrl": "/ims/token/v3",
        "scopes": {scope.value: sentence for scope, sentence in SCOPES.items()},
    }
    return {
        "oauth2": {
            "type": "oauth2",
            "description": "A token has the scopes of its credential; none are asked for.",
            "flows": {"clientCredentials": flow},
        },
        "feedbackToken": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The JWT of the feedback webhook, in Authorization unless another header was chosen.",
        },
    }


# --- the feedback event ---------------------------------------------------------------------------------


def _feedback_event() -> Schema:
    events = [REFERENCE.format(name=name) for name in ("FeedbackEvent", schemas.EXACT)]
    content = {"schema": {"anyOf": [{"$ref": event} for event in events]}, "examples": _event_examples()}
    return {
        "operationId": "receiveFeedbackEvent",
        "summary": "Receive a feedback event",
        "tags": ["webhooks"],
        "description": "One event per request, to the URL of the feedback webhook, with its custom headers. "
        'The format "extended" is the default; "ajo" is Adobe\'s exact payload.',
        "parameters": [_event_header(*told) for told in EVENT_HEADERS],
        "security": [{}, {"feedbackToken": []}],
        "requestBody": {"required": True, "content": {JSON: content}},
        "responses": {status: {"description": sentence} for status, sentence in RECEIVED.items()},
    }


EVENT_HEADERS = (
    ("webhook-id", "The id of the event, the same at every try: drop what you have seen.", r"^\S+$"),
    ("webhook-timestamp", "When this try was made, in seconds since 1970.", r"^[0-9]+$"),
    (
        "webhook-signature",
        "Standard Webhooks, scheme v1: the HMAC-SHA256 of id, timestamp and body in base64. "
        "Several, with blanks between, while the secret is changed.",
        r"^v1,[A-Za-z0-9+/=]+( v1,[A-Za-z0-9+/=]+)*$",
    ),
)
RECEIVED = {
    "2XX": "Accepted. Whatever else is answered, or no answer within the deadline, is a failed try.",
    "410": "A failed try, and the webhook is paused.",
    "429": "A failed try; Retry-After is honoured, as with 503.",
    "default": "A failed try; it is repeated for three days.",
}


def _event_header(name: str, sentence: str, pattern: str) -> Schema:
    """Not required: a webhook that is not signed has none of them."""
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": sentence,
        "schema": {"type": "string", "pattern": pattern},
    }


def _event_examples() -> Schema:
    """Test events, as they are posted."""
    made = {}
    for channel in ChannelKind:
        body = payloads.sample("myImsOrg", payloads.NOBODY, "prod", channel, payloads.NOBODY, 0)
        made[f"{channel} extended"] = {"value": msgspec.json.decode(body)}
        made[f"{channel} ajo"] = {"value": msgspec.json.decode(payloads.exact(body))}
    return made
