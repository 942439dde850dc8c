"""Who is calling: only whole, current tokens of our issuer for us count, whatever else is sent."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeyParameters, KeySet, OctKey, OKPKey, RSAKey

from chassis import auth
from chassis.auth import LEEWAY_SECONDS, Verifier
from chassis.issuer import LocalIssuer
from chassis.problems import Unauthenticated, Unavailable
from chassis.settings import ProcessSettings
from chassis.testkit.harness import Harness

Key = OKPKey | RSAKey | ECKey | OctKey
VAULT = "/v1/vault"
LONG_AGO, FAR_AHEAD = 1_600_000_000, 4_000_000_000


def verifier(jwks: Path) -> Verifier:
    return Verifier(ProcessSettings(service="probe", jwks=str(jwks)))


def signed(key: Key, algorithm: str, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token of any key and algorithm, good for ten minutes unless `claims` say otherwise; None leaves a claim out."""
    content = {
        "iss": "packshot-local", "aud": "packshot", "sub": "mara", "roles": ["keeper"], "exp": int(time.time()) + 600,
    } | claims  # fmt: skip
    content = {name: value for name, value in content.items() if value is not None}
    return jwt.encode({"alg": algorithm, "kid": key.kid} | (header or {}), content, key, algorithms=[algorithm])


def part(content: object) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def refusal(verifier: Verifier, token: str) -> str:
    with pytest.raises(Unauthenticated) as refused:
        await verifier.verify(token)
    assert refused.value.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    return refused.value.detail


async def test_a_good_token_says_who_calls(issuer: LocalIssuer) -> None:
    token = issuer.token("keeper", "founder", subject="mara", name="Mara Lind")
    caller = await verifier(issuer.jwks).verify(token)
    assert (caller.subject, caller.name, caller.roles) == ("mara", "Mara Lind", frozenset({"keeper", "founder"}))
    assert caller.has("founder", "emperor")
    assert not caller.has("emperor")


@pytest.mark.parametrize("algorithm", ["Ed25519", "RS256", "ES256"])
async def test_the_three_algorithms_are_accepted(tmp_path: Path, algorithm: str) -> None:
    keys: dict[str, Key] = {
        "Ed25519": OKPKey.generate_key("Ed25519", auto_kid=True),
        "RS256": RSAKey.generate_key(2048, auto_kid=True),
        "ES256": ECKey.generate_key("P-256", auto_kid=True),
    }
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps(KeySet(list(keys.values())).as_dict(private=False)))
    assert (await verifier(jwks).verify(signed(keys[algorithm], algorithm))).subject == "mara"
    for other in keys.keys() - {algorithm}:  # the header may not choose another key's algorithm
        await refusal(verifier(jwks), signed(keys[algorithm], algorithm, header={"kid": keys[other].kid}))


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"iss": "someone-else"}, "iss"),
        ({"iss": ["packshot-local"]}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "another-product"}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": None}, "aud"),
        ({"exp": None}, "exp"),
        ({"exp": LONG_AGO}, "expired"),
        ({"exp": "tomorrow"}, "exp"),
        ({"exp": True}, "exp"),
        ({"nbf": FAR_AHEAD}, "not yet valid"),
        ({"iat": FAR_AHEAD}, "future"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": "x" * 201}, "sub"),
        ({"roles": "keeper"}, "roles"),
        ({"roles": [1]}, "roles"),
        ({"roles": {"keeper": True}}, "roles"),
    ],
    ids=str,
)
async def test_a_token_with_a_wrong_claim_is_refused(issuer: LocalIssuer, claims: dict[str, Any], words: str) -> None:
    key = OKPKey.import_key(json.loads((issuer.jwks.parent / "issuer.json").read_bytes()))
    assert words in await refusal(verifier(issuer.jwks), signed(key, "Ed25519", **claims))


async def test_a_little_clock_skew_is_forgiven_and_more_is_not(issuer: LocalIssuer) -> None:
    key = OKPKey.import_key(json.loads((issuer.jwks.parent / "issuer.json").read_bytes()))
    at = int(time.time())
    refused: list[dict[str, Any]] = [{"exp": at - LEEWAY_SECONDS - 1}, {"nbf": at + LEEWAY_SECONDS + 60}]
    forgiven: list[dict[str, Any]] = [{"exp": at - LEEWAY_SECONDS + 10}, {"nbf": at + LEEWAY_SECONDS - 10}]
    for claims in refused:
        await refusal(verifier(issuer.jwks), signed(key, "Ed25519", **claims))
    for claims in forgiven:
        assert (await verifier(issuer.jwks).verify(signed(key, "Ed25519", **claims))).subject == "mara"


async def test_what_is_odd_but_right_is_accepted(issuer: LocalIssuer) -> None:
    key = OKPKey.import_key(json.loads((issuer.jwks.parent / "issuer.json").read_bytes()))
    for claims in (
        {"aud": ["another", "packshot"]},
        {"exp": 10**400},
        {"roles": None},
    ):
        assert (await verifier(issuer.jwks).verify(signed(key, "Ed25519", **claims))).subject == "mara"


async def test_a_token_that_nobody_of_ours_signed_is_refused(issuer: LocalIssuer) -> None:
    own = OKPKey.import_key(json.loads((issuer.jwks.parent / "issuer.json").read_bytes()))
    public = json.loads(issuer.jwks.read_bytes())["keys"][0]
    as_ours: KeyParameters = {"kid": str(own.kid)}
    stranger = OKPKey.generate_key("Ed25519", {"kid": "stranger"})
    impostor = OKPKey.generate_key("Ed25519", as_ours)
    as_secret = OctKey.import_key(public["x"], as_ours)
    good = signed(own, "Ed25519")
    header, payload, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    forged = [
        signed(stranger, "Ed25519"),
        signed(impostor, "Ed25519"),
        signed(stranger, "Ed25519", header={"jwk": stranger.as_dict(private=False)}),
        signed(as_secret, "HS256"),
        signed(OctKey.import_key("x" * 32, {"kid": "none"}), "HS256"),
        signed(RSAKey.generate_key(2048, as_ours), "RS256"),
        signed(ECKey.generate_key("P-256", as_ours), "ES256"),
        f"{part({'alg': 'none', 'kid': own.kid})}.{payload}.",
        f"{part({'alg': 'none'})}.{payload}.{signature}",
        f"{header}.{part(claims | {'roles': ['founder']})}.{signature}",
        f"{header}.{payload}.",
        f"{header}.{payload}.{signature[:-4]}AAAA",
    ]
    checked = verifier(issuer.jwks)
    for token in forged:
        await refusal(checked, token)
    assert (await checked.verify(good)).subject == "mara"


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "a.b.c.d.e",
        "\x00",
        "ü.ü.ü",
        "x" * 60_000,
        f"{part([])}.{part({})}.",
        f"{part('x')}.{part({})}.AAAA",
        f"{part({})}.{part({})}.AAAA",
        f"{part({'alg': ['Ed25519']})}.{part({})}.AAAA",
        f"{part({'alg': 'Ed25519', 'kid': {'a': 1}})}.{part({})}.AAAA",
        f"{part({'alg': 'Ed25519', 'kid': None})}.{part({})}.AAAA",
        f"{part({'alg': 'Ed25519', 'crit': ['b64'], 'b64': False})}.{part({})}.AAAA",
        f"{part({'alg': 'dir', 'enc': 'A128GCM'})}..{part({})}.{part({})}.AAAA",
        f"{part(b'[' * 30_000)}.{part({})}.AAAA",
        f"{part(b'[{}, ' * 5_000)}.{part({})}.AAAA",
        f"{part(bytes([255, 254]))}.{part({})}.AAAA",
    ],
    ids=lambda token: repr(token[:40]),
)
async def test_anything_as_a_token_is_refused_not_fallen_over(issuer: LocalIssuer, token: str) -> None:
    await refusal(verifier(issuer.jwks), token)


async def test_a_token_is_refused_once_it_has_expired_though_it_was_accepted_before(
    issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked, token = verifier(issuer.jwks), issuer.token("keeper", subject="mara", seconds=60)
    await checked.verify(token)
    later = time.time() + 60 + LEEWAY_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert "expired" in await refusal(checked, token)


async def test_the_issuer_may_change_its_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = LocalIssuer(tmp_path / "first"), LocalIssuer(tmp_path / "second")
    jwks = tmp_path / "jwks.json"
    jwks.write_bytes(first.jwks.read_bytes())
    checked = verifier(jwks)
    await checked.verify(first.token(subject="mara"))
    jwks.write_bytes(second.jwks.read_bytes())
    await refusal(checked, second.token(subject="mara"))  # asked a moment ago: not again for every unknown key
    monkeypatch.setattr(auth, "UNKNOWN_KEY_PAUSE_SECONDS", 0)
    assert (await checked.verify(second.token(subject="mara"))).subject == "mara"
    await refusal(checked, first.token(subject="joan"))


async def test_without_the_issuers_keys_nobody_is_refused_wrongly(tmp_path: Path) -> None:
    issuer = LocalIssuer(tmp_path / "issuer")
    for missing in (tmp_path / "nowhere.json", tmp_path / "broken.json"):
        (tmp_path / "broken.json").write_text('{"keys": [{"kty": "?"}]}')
        with pytest.raises(Unavailable):
            await verifier(missing).verify(issuer.token(subject="mara"))
    checked = verifier(issuer.jwks)
    await checked.verify(issuer.token(subject="mara"))
    issuer.jwks.unlink()
    assert (await checked.verify(issuer.token(subject="joan"))).subject == "joan"


async def test_roles_are_enforced_and_the_allowed_ones_named(probe: Harness) -> None:
    for roles, status in ((("keeper",), 200), (("guest", "founder"), 200), (("guest",), 403), ((), 403)):
        answer = await probe.client.get(VAULT, headers=probe.bearer(*roles, subject="mara"))
        assert answer.status_code == status
        if status == 403:
            assert answer.json()["type"] == "urn:packshot:problem:forbidden"
            assert answer.json()["allowed_roles"] == ["founder", "keeper"]
        else:
            assert answer.json() == {"opened_by": "mara"}


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic bWFyYTptYXJh", "Bearer a.b.c", "keeper"])
async def test_over_http_that_is_a_401(probe: Harness, header: str | None) -> None:
    answer = await probe.client.get(VAULT, headers={} if header is None else {"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["type"] == "urn:packshot:problem:unauthenticated"
