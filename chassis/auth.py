"""Who is calling, and what they may do: JWTs verified here, permissions as `Annotated` types.

Producer = Annotated[Caller, allow("producer", "creative_ops_manager")]

@router.post("/things")
async def make(caller: Producer) -> Thing: ...
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import orjson
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from chassis.problems import Forbidden, Unauthenticated, Unavailable
from chassis.settings import ProcessSettings

ALGORITHMS = ["Ed25519", "RS256", "ES256"]
LEEWAY_SECONDS = 30
KEYS_FRESH_SECONDS = 600
UNKNOWN_KEY_PAUSE_SECONDS = 10
CACHED_TOKENS = 10_000


@dataclass(frozen=True)
class Caller:
    """A verified token: the person or system that calls."""

    subject: str
    name: str
    roles: frozenset[str]

    def has(self, *roles: str) -> bool:
        return not self.roles.isdisjoint(roles)


class Verifier:
    """Verifies tokens against a key set that is read from a file or a URL, and read again when it is stale."""

    def __init__(self, settings: ProcessSettings) -> None:
        self._source = settings.jwks
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": settings.jwt_issuer},
            aud={"essential": True, "value": settings.jwt_audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        self._keys: KeySet | None = None
        self._read_at = 0.0
        self._cache: OrderedDict[str, tuple[int | float, Caller]] = OrderedDict()

    async def verify(self, token: str) -> Caller:
        """The caller that a token speaks for. Raises `Unauthenticated`, saying what is wrong with it."""
        if cached := self._cache.get(token):
            if cached[0] > time.time():
                return cached[1]
            del self._cache[token]
        claims = await self._decode(token)
        roles = claims.get("roles", [])
        if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
            raise _refused("its `roles` are not a list of names")
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 200:
            raise _refused("its `sub` is not a name of 1 to 200 characters")
        caller = Caller(claims["sub"], str(claims.get("name") or claims["sub"])[:200], frozenset(roles))
        self._cache[token] = (claims["exp"], caller)
        if len(self._cache) > CACHED_TOKENS:
            self._cache.popitem(last=False)
        return caller

    async def load_keys(self) -> None:
        """Read the issuer's keys unless they are fresh. Raises `Unavailable` when there are none."""
        await self._key_set()

    async def _decode(self, token: str) -> dict[str, Any]:
        try:
            try:
                decoded = jwt.decode(token, await self._key_set(), algorithms=ALGORITHMS)
            except JoseError:
                # Perhaps the issuer has a new key; asked at most every few seconds.
                if time.monotonic() - self._read_at < UNKNOWN_KEY_PAUSE_SECONDS:
                    raise
                decoded = jwt.decode(token, await self._key_set(renew=True), algorithms=ALGORITHMS)
            self._claims.validate(decoded.claims)
        except JoseError as error:
            raise _refused(error.description or error.error) from None
        except (ValueError, TypeError, KeyError) as error:
            raise _refused(f"it isn't a JWT ({type(error).__name__})") from None
        return decoded.claims

    async def _key_set(self, *, renew: bool = False) -> KeySet:
        if self._keys is None or renew or time.monotonic() - self._read_at > KEYS_FRESH_SECONDS:
            try:
                self._keys = KeySet.import_key_set(await self._read_keys())
            except (OSError, ValueError, aiohttp.ClientError, JoseError):
                if self._keys is None:
                    raise Unavailable("The token issuer's keys can't be read.") from None
            self._read_at = time.monotonic()
        return self._keys

    async def _read_keys(self) -> Any:
        if self._source.startswith(("https://", "http://")):
            timeout = aiohttp.ClientTimeout(total=5)
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(self._source) as answer:
                answer.raise_for_status()
                return await answer.json(content_type=None)
        return orjson.loads(Path(self._source).read_bytes())  # noqa: ASYNC240, a local file of a few hundred bytes


def _refused(why: str) -> Unauthenticated:
    return Unauthenticated(
        f"The token is refused: {why}.", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
    )


_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="A token of the brand's OIDC issuer.")


async def _caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    if credentials is None:
        raise Unauthenticated("Send a token: `Authorization: Bearer …`.", headers={"WWW-Authenticate": "Bearer"})
    verifier: Verifier = request.app.state.service.verifier
    return await verifier.verify(credentials.credentials)


AnyCaller = Annotated[Caller, Depends(_caller)]


def require_role(caller: Caller, *roles: str) -> None:
    """Raises `Forbidden`, naming the roles that may."""
    if not caller.has(*roles):
        may = sorted({str(role) for role in roles})
        has = ", ".join(sorted(caller.roles)) or "no role"
        raise Forbidden(f"This is for: {', '.join(may)}. You are: {has}.", allowed_roles=may)


def allow(*roles: str) -> Any:
    """A permission: a verified caller that has at least one of these roles."""

    async def permitted(caller: AnyCaller) -> Caller:
        require_role(caller, *roles)
        return caller

    permitted.allowed_roles = frozenset(roles)  # type: ignore[attr-defined]  # read by the authorization matrix
    return Depends(permitted)
