"""Links for people without an account: one version's bytes, until they expire or are revoked, and nothing else."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from chassis.clock import clock
from chassis.ids import new_id
from chassis.testkit.harness import Harness
from tests.assets.factory import claimed, photo, sha256, tell_domains, upload
from tests.assets.test_rights import recorded

CONTENT = photo(1, 400, 500)
OWNER = "qc_lead"  # of files_and_rights in these tests


@pytest.fixture
async def version(assets: Harness) -> dict[str, Any]:
    await tell_domains(assets)
    answer = await upload(assets, await claimed(assets), CONTENT)
    found: dict[str, Any] = answer.json()
    return found


async def made(assets: Harness, version: dict[str, Any], **wish: Any) -> dict[str, Any]:
    answer = await assets.client.post(f"/v1/versions/{version['id']}/links", json=wish, headers=assets.bearer(OWNER))
    assert answer.status_code == 201, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    link: dict[str, Any] = answer.json()
    return link


async def test_who_has_the_address_reads_the_bytes_without_a_token(assets: Harness, version: dict[str, Any]) -> None:
    link = await made(assets, version, purpose="The agency in Lyon")
    answer = await assets.client.get(link["url"])
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert (answer.headers["Referrer-Policy"], answer.headers["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    part = await assets.client.get(link["url"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, CONTENT[10:20])
    known = await assets.client.get(link["url"], headers={"If-None-Match": f'"{sha256(CONTENT)}"'})
    assert (known.status_code, known.headers["Cache-Control"]) == (304, "private, no-cache")
    head = await assets.client.head(link["url"])
    same = ("Content-Length", "ETag", "Content-Type", "Cache-Control")
    assert [head.headers[name] for name in same] == [answer.headers[name] for name in same]
    assert (await assets.client.get(link["url"], headers={"Range": f"bytes={len(CONTENT)}-"})).status_code == 416


async def test_it_is_made_listed_and_revoked_by_whom_it_may(assets: Harness, version: dict[str, Any]) -> None:
    url, owner = f"/v1/versions/{version['id']}/links", assets.bearer(OWNER)
    assert (await assets.client.post(url, json={})).status_code == 401
    refused = await assets.client.post(url, json={}, headers=assets.bearer("photographer"))
    assert (refused.status_code, refused.json()["allowed_roles"]) == (403, [OWNER])
    for wish in ({"expires_in": 59}, {"expires_in": 30 * 86400 + 1}, {"purpose": "a\nb"}, {"forever": True}):
        assert (await assets.client.post(url, json=wish, headers=owner)).status_code == 422
    assert (await assets.client.post(f"/v1/versions/{new_id()}/links", json={}, headers=owner)).status_code == 404
    first, second = await made(assets, version), await made(assets, version, expires_in=60, purpose="A")
    listed = (await assets.client.get(url, headers=assets.bearer("reviewer"))).json()["items"]
    assert listed == [{name: one[name] for name in one if name != "url"} for one in (second, first)]
    assert (listed[0]["made_by"], listed[0]["role"]) == (f"{OWNER}-1", OWNER)

    one = f"{url}/{first['id']}"
    assert (await assets.client.delete(one, headers=assets.bearer("reviewer"))).status_code == 403
    assert (await assets.client.get(first["url"])).status_code == 200
    for by in ("first", "second"):
        revoked = await assets.client.delete(one, headers=assets.bearer(OWNER, subject=by))
        assert revoked.status_code == 204
    assert (await assets.client.get(first["url"])).status_code == 410
    assert (await assets.client.get(second["url"])).status_code == 200
    again = (await assets.client.get(url, headers=owner)).json()["items"]
    assert again[1]["revoked_by"] == "first"
    other = f"/v1/versions/{new_id()}/links/{second['id']}"
    assert (await assets.client.delete(other, headers=owner)).status_code == 404


async def test_it_is_over_at_its_time(assets: Harness, version: dict[str, Any]) -> None:
    link = await made(assets, version, expires_in=3600)
    clock.move(timedelta(seconds=3590))
    try:
        assert (await assets.client.get(link["url"])).status_code == 200
        clock.move(timedelta(seconds=20))
        for answer in (await assets.client.get(link["url"]), await assets.client.head(link["url"])):
            assert answer.status_code == 410
        assert "expired" in (await assets.client.get(link["url"])).json()["detail"]
    finally:
        clock.reset()


async def test_nothing_is_learnt_by_trying(assets: Harness, version: dict[str, Any]) -> None:
    """Unknown, forged, another link's, revoked without its signature: all the same 404."""
    link, other = await made(assets, version), await made(assets, version)
    await assets.client.delete(f"/v1/versions/{version['id']}/links/{other['id']}", headers=assets.bearer(OWNER))
    path, signature = link["url"].split("?sig=")
    tries = [path, f"{path}?sig=", f"{path}?sig={signature[:-1]}", f"{path}?sig={signature}A", f"{path}?sig=%00ü",
             f"/v1/links/{new_id()}?sig={signature}", f"/v1/links/{other['id']}?sig={signature}",
             f"/v1/links/nonsense?sig={signature}", f"/v1/links/{version['id']}?sig={signature}"]  # fmt: skip
    answers = [await assets.client.get(one) for one in tries]
    assert {answer.status_code for answer in answers} == {404}
    told = {(answer.json()["type"], answer.json()["detail"]) for answer in answers}
    assert told == {("urn:packshot:problem:no-such-link", answers[0].json()["detail"])}
    assert (await assets.client.get(f"{path}?sig={signature}")).status_code == 200


async def test_it_opens_only_while_its_rights_allow_that_or_a_person_has_said_why(assets: Harness) -> None:
    await tell_domains(assets)
    version = (await upload(assets, await claimed(assets, view="on_model"), CONTENT)).json()
    url, owner = f"/v1/versions/{version['id']}/links", assets.bearer(OWNER)
    refused = await assets.client.post(url, json={}, headers=owner)
    assert (refused.status_code, refused.json()["causes"][0]["kind"]) == (409, "model_release")
    despite = await made(assets, version, despite_rights="The retoucher's order")
    right = await recorded(assets, {"asset_id": version["asset_id"]})
    link = await made(assets, version)
    assert (await assets.client.get(link["url"])).status_code == 200
    revoked = await assets.client.post(
        f"/v1/rights/{right['id']}/revoke", json={"cause": "She asks."}, headers=owner | {"If-Match": '"1"'}
    )
    assert revoked.status_code == 200, revoked.text
    over = await assets.client.get(link["url"])
    assert (over.status_code, over.json()["type"]) == (410, "urn:packshot:problem:link-over")
    assert (await assets.client.get(despite["url"])).status_code == 200


async def test_without_its_key_every_link_is_void_and_the_key_is_in_no_answer(
    assets: Harness, version: dict[str, Any]
) -> None:
    link = await made(assets, version)
    [row] = await assets.fetch("SELECT key FROM link_key")
    assert len(row["key"]) == 32
    await assets.fetch("DELETE FROM link_key")
    assert (await assets.client.get(link["url"])).status_code == 404
    anew = await made(assets, version)
    assert (await assets.client.get(anew["url"])).status_code == 200


async def test_a_signature_is_in_no_log(
    assets: Harness, version: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the service's nor its server's, whatever their level."""
    link = await made(assets, version)
    signature = link["url"].split("?sig=")[1]
    caplog.set_level("DEBUG")
    async with assets.served() as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert (await client.get(link["url"])).status_code == 200
        assert (await client.get(f"{link['url']}x")).status_code == 404
    assert f"/v1/links/{link['id']}" in caplog.text
    assert signature not in caplog.text
