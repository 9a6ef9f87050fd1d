"""One example of each request body; docs/api.md shows the same ones."""

from __future__ import annotations

from typing import Any

EXAMPLES: dict[str, Any] = {
    "POST /ajo/im/executions/unitary": {
        "requestId": "order-17",
        "campaignId": "01a20bdb-77b5-739e-8e5b-42d873a03bb2",
        "recipients": [
            {
                "type": "aep",
                "userId": "ann@luma.example",
                "namespace": "email",
                "channelData": {"emailAddress": "ann@luma.example"},
                "profile": {"person": {"name": {"firstName": "Ann"}}},
                "context": {"link": "https://luma.example/r/1"},
            }
        ],
    },
    "POST /ajo/im/executions/highthroughput": {
        "requestId": "alert-42",
        "campaignId": "01a20bdb-77b5-739e-8e5b-42d873a03bb3",
        "recipients": [
            {
                "type": "external",
                "userId": "ann@luma.example",
                "namespace": "email",
                "context": {"gate": "B 17"},
            }
        ],
    },
    "POST /ajo/config/feedback-webhooks/{id}/rotate": {
        "what": "jwt",
        "overlapHours": 24,
        "generate": True,
        "algorithm": "ES256",
        "keyId": "2026-12",
        "signAfterMinutes": 10,
    },
    "POST /ajo/feedback/verify": {
        "headers": {
            "webhook-id": "01a20bdb-7fce-7b0d-89af-3c343f8ac015",
            "webhook-timestamp": "1795495264",
            "webhook-signature": "v1,oKCU4UG4…",
        },
        "body": '{"requestId": "order-17"}',
        "at": "2026-11-24T04:41:04Z",
    },
    "PUT /ajo/config/profiles/{namespace}/{userId}": {
        "person": {"name": {"firstName": "Ann"}},
        "personalEmail": {"address": "ann@luma.example"},
    },
    "POST /ajo/config/suppression/addresses": [
        {
            "entity": {"type": "email", "entityValue": "ann@luma.example"},
            "comment": "Asked by telephone",
            "user": "bob@luma.example",
        }
    ],
    "POST /ajo/config/suppression/domains": [
        {"entity": {"type": "domain", "entityValue": "luma.example"}, "comment": "Closed"}
    ],
    "POST /ajo/config/suppression/numbers": [
        {"entity": {"type": "phone", "entityValue": "+31612345678"}, "comment": "Asked in the shop"}
    ],
    "POST /ajo/config/suppression/uploads": {
        "file": "TYPE,VALUE,COMMENT\nEMAIL,ann@luma.example,Asked by telephone\nDOMAIN,luma.example,\n"
        "PHONE,+31612345678,\n"
    },
    "POST /journey/campaigns/service/campaigns": {
        "name": "Password reset",
        "channel": "email",
        "channelConfigurationId": "01a20bdb-77b4-7a26-9a3e-5b6d2b6e7c11",
        "enableWebhooks": True,
        "identityNamespace": "email",
        "createNewProfile": True,
        "content": {
            "subject": "Choose a new password",
            "html": {"body": "<p>{{context.link}}</p>"},
            "text": {"body": "{{context.link}}"},
        },
        "schedule": {"startDate": None, "endDate": None},
    },
    "POST /ajo/config/channel-configurations": {
        "name": "transactional-mail",
        "channel": "email",
        "provider": "smtp",
        "email": {
            "senderName": "Luma",
            "senderEmail": "no-reply@luma.example",
            "replyToEmail": None,
            "returnPathDomain": None,
            "retryPeriodMinutes": 5040,
            "deliveryNotices": "none",
        },
        "smtp": {
            "host": "relay.luma.example",
            "port": 587,
            "security": "starttls",
            "username": "luma",
            "password": "…",
            "maxConnections": 8,
        },
    },
    "POST /callbacks/{provider}/{token}": [
        {
            "email": "ann@luma.example",
            "timestamp": 1_795_508_100,
            "event": "delivered",
            "response": "250 OK",
            "sg_event_id": "ZGVsaXZlcmVkLTA",
            "retour": "a" * 56,
        }
    ],
    "POST /ajo/config/feedback-webhooks": {
        "name": "Order status",
        "channels": ["email", "sms"],
        "url": "https://hooks.luma.example/feedback",
        "authentication": {
            "type": "jwt",
            "algorithm": "HS256",
            "secret": "a secret of thirty-two characters!",
            "keyId": None,
            "claims": {"iss": "retour", "aud": "hooks"},
            "lifetimeSeconds": 300,
            "header": "Authorization",
            "prefix": "Bearer ",
        },
        "headers": [{"name": "X-Tenant", "value": "luma", "secret": False}],
        "format": "extended",
        "events": ["sent", "delivered", "bounce", "error"],
        "orderWaitSeconds": 60,
        "signed": True,
        "deadlineSeconds": 10,
        "parked": "skip",
    },
}


def example(method: str, path: str) -> Any:
    """Of a request's body, None where there is none. What is replaced looks like what was made."""
    made = f"POST {path.removesuffix('/{id}')}"
    return EXAMPLES.get(f"{method} {path}", EXAMPLES.get(made) if method == "PUT" else None)
