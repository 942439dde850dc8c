"""Standard Webhooks signatures: the only authentication of a vendor's messages."""

import base64
import re
import secrets
from collections.abc import Mapping, Sequence

from standardwebhooks import Webhook, WebhookVerificationError

from services.assets.deliveries.errors import BadSignature

_ID = re.compile(r"[!-~]{1,200}")
# What an unknown vendor's message is checked against, so that its refusal takes as long as any other's.
_NOBODYS_SECRET = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def verified_id(secrets: Sequence[str], headers: Mapping[str, str], signed: bytes) -> str:
    """The message's id. `secrets`: those of the vendor that count; none when there is no such vendor.

    Raises `BadSignature`.
    """
    if not any(_is_signed(secret, headers, signed) for secret in secrets or [_NOBODYS_SECRET]):
        raise BadSignature
    webhook_id = headers["webhook-id"]
    if not _ID.fullmatch(webhook_id):
        raise BadSignature
    return webhook_id


def _is_signed(secret: str, headers: Mapping[str, str], signed: bytes) -> bool:
    try:
        Webhook(secret).verify(signed, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):
        # ValueError: headers that are no base64 or have no comma, or a body that is no UTF-8: the scheme signs text
        return False
    return True
