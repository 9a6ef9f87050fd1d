"""JSON Schemas (draft 2020-12) of what goes in and out, made from the Structs that decode and encode it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import msgspec

from retour.catalog.inputs import REQUIRED, CampaignInput, ConfigurationInput, WebhookInput
from retour.model import ChannelKind
from retour.payloads import IDENTITIES, NOT_IN_THE_SAMPLE, FeedbackEvent
from retour.web.ingest import ExecutionRequest
from retour.web.wire import Error

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
EXACT = "AdobeFeedbackEvent"
ALONE: dict[str, tuple[type | None, str]] = {  # the page, what it is made of, its name among the components
    "feedback-event": (FeedbackEvent, "FeedbackEvent"),
    "feedback-event-ajo": (None, EXACT),
    "execution-request": (ExecutionRequest, "ExecutionRequest"),
    "webhook": (WebhookInput, "WebhookInput"),
    "campaign": (CampaignInput, "CampaignInput"),
    "channel-configuration": (ConfigurationInput, "ConfigurationInput"),
    "error": (Error, "Error"),
}


def alone(name: str) -> Schema:
    """The page of that name in ALONE: a schema that needs no other."""
    kind, root = ALONE[name]
    parts = components([kind or FeedbackEvent], "#/$defs/{name}")
    kept = _needed(parts, root)
    return {"$schema": DIALECT, **kept.pop(root), "$defs": kept}


def components(kinds: Iterable[Any], template: str) -> dict[str, Schema]:
    """The schemas of Structs and all that is in them, by name. template: of a reference, as in `#/$defs/{name}`."""
    _, made = msgspec.json.schema_components([FeedbackEvent, *kinds], ref_template=template)
    parts: dict[str, Schema] = finished(made)
    return parts | _exact(parts, template)


def finished(node: Any) -> Any:
    """As an outsider reads it: required fields in their object's list, patterns as ECMA-262 writes them."""
    if isinstance(node, list | tuple):
        return [finished(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    made = {name: finished(inner) for name, inner in node.items()}
    if isinstance(made.get("pattern"), str):
        made["pattern"] = made["pattern"].replace(r"\Z", "$")
    if isinstance(made.get("description"), str):
        made["description"] = inspect.cleandoc(made["description"])
    if made.get("type") == "object" and "properties" in made:
        _lift(made)
    return made


def _lift(schema: Schema) -> None:
    """`required` from the fields to their object; the default of such a field is what a room refuses."""
    found = [name for name, field in schema["properties"].items() if field.pop(REQUIRED, False)]
    for name in found:
        schema["properties"][name].pop("default", None)
    if found:
        schema["required"] = [*schema.get("required", []), *found]


def _needed(parts: dict[str, Schema], root: str) -> dict[str, Schema]:
    """A component and those that it refers to."""
    found, waiting = {}, [root]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = parts[name]
            waiting += _referred(parts[name])
    return found


def _referred(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for inner in node for name in _referred(inner)]
    if not isinstance(node, dict):
        return []
    here = [node["$ref"].rpartition("/")[2]] if isinstance(node.get("$ref"), str) else []
    return here + [name for inner in node.values() for name in _referred(inner)]


# --- the format "ajo" -----------------------------------------------------------------------------------


def _exact(parts: dict[str, Schema], template: str) -> dict[str, Schema]:
    """Adobe's exact payload: for each channel, the event without what Adobe's sample does not have."""
    shapes = {f"Adobe{channel.title()}FeedbackEvent": _cut(parts, channel) for channel in ChannelKind}
    union = {
        "title": EXACT,
        "description": 'A feedback event, format "ajo": the keys of Adobe\'s sample for the channel.',
        "oneOf": [{"$ref": template.format(name=name)} for name in shapes],
    }
    return {EXACT: union, **shapes}


def _cut(parts: dict[str, Schema], channel: ChannelKind) -> Schema:
    """As payloads.exact cuts the body."""
    gone = NOT_IN_THE_SAMPLE[channel]
    event = _without(parts["FeedbackEvent"], gone[""])
    event["title"] = f"Adobe{channel.title()}FeedbackEvent"
    event["description"] = f"What Adobe's sample for {channel} has, and nothing more."
    event["properties"]["channel"] = {"enum": [channel.value]}
    for place, keys in gone.items():
        if place:
            holder, key = _holder(event["properties"], place)
            holder[key] = _without(parts[_referred(holder[key])[0]], keys)
    return event


def _holder(properties: Schema, place: str) -> tuple[Schema, str]:
    """Where the reference to the object stands; identities are lists in a map."""
    return (
        (properties[place]["additionalProperties"], "items") if place == IDENTITIES else (properties, place)
    )


def _without(schema: Schema, keys: Iterable[str]) -> Schema:
    made = deepcopy(schema)
    for key in keys:
        del made["properties"][key]
    made["required"] = [name for name in made["required"] if name not in keys]
    return made
