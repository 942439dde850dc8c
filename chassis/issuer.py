"""The local token issuer: for one machine and for tests. In production tokens come from the brand's OIDC issuer."""

import os
import time
from pathlib import Path

import orjson
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

ALGORITHM = "Ed25519"
DEFAULT_SECONDS = 12 * 3600


class LocalIssuer:
    """An Ed25519 key in a folder: `issuer.json` (private, mode 600) and `jwks.json` (public)."""

    def __init__(self, folder: Path, *, issuer: str = "packshot-local", audience: str = "packshot") -> None:
        self._issuer = issuer
        self._audience = audience
        self._folder = folder
        self.jwks = folder / "jwks.json"
        self._key = self._load()

    def _load(self) -> OKPKey:
        private = self._folder / "issuer.json"
        try:
            key = OKPKey.import_key(orjson.loads(private.read_bytes()))
        except FileNotFoundError:
            key = OKPKey.generate_key("Ed25519", {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
            self._folder.mkdir(parents=True, exist_ok=True)
            _write(private, orjson.dumps(key.as_dict(private=True)), 0o600)
        if not self.jwks.exists():
            _write(self.jwks, orjson.dumps(KeySet([key]).as_dict(private=False)), 0o644)
        return key

    def token(
        self, *roles: str, subject: str, name: str | None = None, seconds: int = DEFAULT_SECONDS, **claims: object
    ) -> str:
        """A signed token. `claims` override what it says, so that tests can make bad ones."""
        at = int(time.time())
        content: dict[str, object] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": subject,
            "name": name or subject,
            "roles": list(roles),
            "iat": at,
            "exp": at + seconds,
            **claims,
        }
        header = {"alg": ALGORITHM, "kid": self._key.kid}
        return jwt.encode(header, content, self._key, algorithms=[ALGORITHM])


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and never readable by others in between."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
