"""Rules of links: how their addresses are signed, and when they are over."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from services.assets.links.errors import LinkOver, NoSuchLink
from services.assets.links.schemas import Link

KEY_BYTES = 32
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=30)


def signature_of(key: bytes, link_id: UUID) -> str:
    """HMAC-SHA256 of the link's id, in base64url. The id's row, which is never changed, says what the link is to."""
    digest = hmac.digest(key, b"packshot link " + link_id.bytes, hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def address_of(key: bytes, link_id: UUID) -> str:
    """The path and query that opens the link. `sig` is a name that traces leave out."""
    return f"/v1/links/{link_id}?sig={signature_of(key, link_id)}"


def check_signature(key: bytes, link_id: UUID, signature: str) -> None:
    """In constant time. Raises `NoSuchLink`."""
    if not hmac.compare_digest(signature_of(key, link_id).encode(), signature.encode()):
        raise NoSuchLink


def check_open(link: Link, at: datetime) -> None:
    """Raises `LinkOver`."""
    if link.revoked_at is not None:
        raise LinkOver("This link was revoked. Ask whoever gave it to you for another.")
    if link.expires_at <= at:
        raise LinkOver(f"This link expired at {link.expires_at:%Y-%m-%d %H:%M} UTC. Ask for another.")
