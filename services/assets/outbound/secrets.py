"""Secrets of the Standard Webhooks scheme, both ways."""

import base64
import secrets

SECRET_BYTES = 32


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
