"""What one machine signs with: a certificate of its own authority. Good to try everything with; nobody else trusts it,
so a brand that publishes takes one from an authority on the C2PA trust list."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chassis.clock import now

VALID = timedelta(days=2 * 365)
RENEWED_BEFORE = timedelta(days=60)
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class SigningFiles:
    """`c2pa-certificates.pem` (the chain, the authority last) and `c2pa-key.pem` (mode 600)."""

    certificates: Path
    key: Path


def signing_files(folder: Path) -> SigningFiles:
    """Made when there are none yet, or when they end soon. The authority's own key is thrown away when it has signed
    its one certificate: nothing on the machine can make another."""
    files = SigningFiles(folder / "c2pa-certificates.pem", folder / "c2pa-key.pem")
    if not _is_usable(files):
        certificates, key = _made()
        _write(files.key, key, 0o600)
        _write(files.certificates, certificates, 0o644)
    return files


def _is_usable(files: SigningFiles) -> bool:
    try:
        chain = x509.load_pem_x509_certificates(files.certificates.read_bytes())
        key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    except (OSError, ValueError):
        return False
    lasts = min(one.not_valid_after_utc for one in chain) > now() + RENEWED_BEFORE
    return lasts and key.public_key() == chain[0].public_key()  # a crash between the two files leaves no pair


def _made() -> tuple[bytes, bytes]:
    """The chain and the key, PEM."""
    authority, signer = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = (
        _begun("Packshot local authority", "Packshot local authority", authority)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(authority, hashes.SHA256())
    )
    leaf = (
        _begun("Packshot on this machine", "Packshot local authority", signer)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
        .sign(authority, hashes.SHA256())
    )
    key = signer.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return leaf.public_bytes(_PEM) + root.public_bytes(_PEM), key


def _begun(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    at = now()
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(minutes=5))
        .not_valid_after(at + VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Packshot, local"),
        ]
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and never readable by others in between."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
