"""What goes over the wire: our nouns in the outside's words. GLOSSARY.md translates both ways.

The Structs are the shapes of the answers, the functions fill them in; the contracts are made of the Structs.
"""

from retour.web.wire.campaigns import Campaign, CampaignPage, campaign
from retour.web.wire.configurations import ChannelConfiguration, ChannelConfigurationPage, configuration
from retour.web.wire.deliveries import (
    Attempt,
    Delivery,
    DeliveryDetail,
    DeliveryPage,
    attempt,
    delivery,
    delivery_detail,
    delivery_status,
    is_parked,
)
from retour.web.wire.errors import Error, Token, TokenError, TokenRequest
from retour.web.wire.events import EventFeed, event_feed
from retour.web.wire.executions import (
    Execution,
    ExecutionAccepted,
    Recipient,
    accepted,
    execution,
    recipient,
)
from retour.web.wire.health import HealthStatus
from retour.web.wire.keys import KeySet
from retour.web.wire.people import Erasure, erased
from retour.web.wire.profiles import Profile, profile
from retour.web.wire.shapes import Answer, page
from retour.web.wire.suppression import (
    SuppressionEntry,
    SuppressionPage,
    UploadAnswer,
    UploadDetail,
    UploadPage,
    suppression_entry,
    suppression_page,
    upload_answer,
    upload_detail,
    upload_page,
)
from retour.web.wire.verification import Verification, verification
from retour.web.wire.webhooks import Webhook, WebhookPage, webhook, webhook_status

__all__ = [
    "Answer",
    "Attempt",
    "Campaign",
    "CampaignPage",
    "ChannelConfiguration",
    "ChannelConfigurationPage",
    "Delivery",
    "DeliveryDetail",
    "DeliveryPage",
    "Erasure",
    "Error",
    "EventFeed",
    "Execution",
    "ExecutionAccepted",
    "HealthStatus",
    "KeySet",
    "Profile",
    "Recipient",
    "SuppressionEntry",
    "SuppressionPage",
    "Token",
    "TokenError",
    "TokenRequest",
    "UploadAnswer",
    "UploadDetail",
    "UploadPage",
    "Verification",
    "Webhook",
    "WebhookPage",
    "accepted",
    "attempt",
    "campaign",
    "configuration",
    "delivery",
    "delivery_detail",
    "delivery_status",
    "erased",
    "event_feed",
    "execution",
    "is_parked",
    "page",
    "profile",
    "recipient",
    "suppression_entry",
    "suppression_page",
    "upload_answer",
    "upload_detail",
    "upload_page",
    "verification",
    "webhook",
    "webhook_status",
]
