"""Standard Webhooks signatures: the only authentication of a vendor's messages."""

import base64
import re
import secrets
from collections.abc import Mapping

from standardwebhooks import Webhook, WebhookVerificationError

from services.assets.deliveries.errors import BadSignature

_ID = re.compile(r"[!-~]{1,200}")
# What an unknown vendor's message is checked against, so that its refusal takes as long as any other's.
_NOBODYS_SECRET = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def verified_id(secret: str | None, headers: Mapping[str, str], signed: bytes) -> str:
    """The message's id. `secret`: the vendor's; None when there is no such vendor. Raises `BadSignature`."""
    try:
        Webhook(secret or _NOBODYS_SECRET).verify(signed, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):  # ValueError: headers that are no base64, or have no comma
        raise BadSignature from None
    webhook_id = headers["webhook-id"]
    if not _ID.fullmatch(webhook_id):
        raise BadSignature
    return webhook_id
