"""Signatures of dossiers: JSON Web Signatures with the brand's Ed25519 key."""

import base64
import binascii
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey
from pydantic import ValidationError

from services.assets.dossiers.schemas import Dossier

ALGORITHM = "Ed25519"
KEY_BYTES = 32


class BadDossier(Exception):
    """It says what is wrong with it."""


class DossierKey:
    """The private key: 32 bytes in base64url."""

    def __init__(self, secret: str) -> None:
        """Raises `ValueError` for what is no such key."""
        try:
            seed = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
        except (binascii.Error, ValueError):
            seed = b""
        if len(seed) != KEY_BYTES:
            raise ValueError("a dossier key is 32 bytes in base64url")
        self._key = OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(seed), {"use": "sig", "alg": ALGORITHM})
        self._key.ensure_kid()

    def sign(self, dossier: Dossier) -> dict[str, Any]:
        """The flattened JSON serialization."""
        header = {"alg": ALGORITHM, "kid": self._key.kid, "typ": "packshot-dossier+jws"}
        content = dossier.model_dump_json().encode()
        return dict(jws.serialize_json({"protected": header}, content, self._key, algorithms=[ALGORITHM]))

    def public_keys(self) -> dict[str, Any]:
        """The JSON Web Key Set that checks what it signed."""
        return dict(KeySet([self._key]).as_dict(private=False))


def read_signed(signed: bytes, keys: bytes) -> Dossier:
    """The content, when one of the public keys (a JSON Web Key Set) signed it. Raises `BadDossier`."""
    try:
        known = KeySet.import_key_set(orjson.loads(keys))
    except (ValueError, KeyError, TypeError, AttributeError, JoseError):
        raise BadDossier("The keys are no JSON Web Key Set.") from None
    try:
        envelope = orjson.loads(signed)
        found = jws.deserialize_json(envelope, known, algorithms=[ALGORITHM])
    except JoseError as error:
        raise BadDossier(f"None of the keys has signed it as it is ({error.error}).") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadDossier("It is no signed dossier: a JSON Web Signature in its flattened form.") from None
    try:
        return Dossier.model_validate_json(found.payload or b"")
    except ValidationError:
        raise BadDossier("It is signed, but no dossier of a format that is known here.") from None
