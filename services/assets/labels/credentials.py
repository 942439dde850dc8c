"""The brand's certificate and key that C2PA manifests are signed with, read once and judged before anything is signed.

On one machine `packshot up` makes them (`packshot/local/signing.py`); a brand that publishes has them from an authority
on the C2PA trust list.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_BY_CURVE = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True)
class Credentials:
    """PEM as C2PA takes them. `fingerprint`: SHA-256 of the signing certificate, hex."""

    certificates: bytes
    key: bytes
    algorithm: str
    fingerprint: str
    ends_at: datetime

    def __repr__(self) -> str:
        return f"Credentials({self.fingerprint[:12]}, {self.algorithm}, until {self.ends_at:%Y-%m-%d})"

    @property
    def anchor(self) -> str:
        """The last certificate of the chain: what our own check of a signed file trusts."""
        return x509.load_pem_x509_certificates(self.certificates)[-1].public_bytes(serialization.Encoding.PEM).decode()


def load_credentials(certificates: Path | None, key: Path | None) -> Credentials | None:
    """None where neither is set: variants are then not signed. Raises `ValueError` that says what is wrong."""
    if certificates is None and key is None:
        return None
    if certificates is None or key is None:
        missing = "PACKSHOT_C2PA_CERTIFICATES" if certificates is None else "PACKSHOT_C2PA_KEY"
        raise ValueError(f"Only half of what signing needs is set: {missing} is missing.")
    chain_pem, key_pem = _read(certificates), _read(key)
    try:
        chain = x509.load_pem_x509_certificates(chain_pem)
    except ValueError as error:
        raise ValueError(f"{certificates} holds no PEM certificates: {error}") from error
    try:
        private = serialization.load_pem_private_key(key_pem, None)
    except (ValueError, TypeError) as error:  # without its words: they may quote the key
        raise ValueError(f"{key} holds no PEM private key without a password.") from error
    if _public(private) != chain[0].public_key().public_bytes(*_FORMAT):
        raise ValueError(f"{key} is not the key of the first certificate in {certificates}.")
    return Credentials(
        certificates=b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain),
        key=private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        algorithm=_algorithm(private, key),
        fingerprint=chain[0].fingerprint(hashes.SHA256()).hex(),
        ends_at=min(one.not_valid_after_utc for one in chain),
    )


_FORMAT = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}.") from error


def _public(private: PrivateKeyTypes) -> bytes:
    return private.public_key().public_bytes(*_FORMAT)


def _algorithm(private: PrivateKeyTypes, path: Path) -> str:
    """As C2PA names it, by the kind of the key."""
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _BY_CURVE:
        return _BY_CURVE[private.curve.name]
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= 2048:
        return "ps256"
    raise ValueError(f"{path} is of a kind that C2PA doesn't sign with: take ECDSA (P-256, P-384, P-521) or Ed25519.")
