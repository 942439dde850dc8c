"""Versions read and listed; their bytes whole, in part, not again, and under a name that can do no harm."""

import pytest

from chassis.ids import new_id
from chassis.testkit.harness import Harness
from contracts.assets import VersionStored
from contracts.values import VersionSource, Zone
from tests.assets.factory import claimed, photo, sha256, upload

CONTENT = photo(1, 400, 500)
SIZE = len(CONTENT)


@pytest.fixture
async def url(assets: Harness) -> str:
    answer = await upload(assets, await claimed(assets), CONTENT, 'a "b" ü%.jpg')
    return f"/v1/versions/{answer.json()['id']}/content"


async def test_it_comes_back_byte_for_byte(assets: Harness, url: str) -> None:
    answer = await assets.client.get(url, headers=assets.bearer("reviewer"))
    assert answer.content == CONTENT
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["ETag"] == f'"{sha256(CONTENT)}"'
    assert answer.headers["Content-Length"] == str(SIZE)
    assert set(answer.headers["Cache-Control"].split(", ")) >= {"private", "immutable"}
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"a _b_ __.jpg\"; filename*=UTF-8''a%20%22b%22%20%C3%BC%25.jpg"
    )
    head = await assets.client.head(url, headers=assets.bearer("reviewer"))
    same = ("Content-Length", "ETag", "Content-Type", "Accept-Ranges")
    assert (head.status_code, head.content) == (200, b"")
    assert [head.headers[name] for name in same] == [answer.headers[name] for name in same]


async def test_a_range_is_given(assets: Harness, url: str) -> None:
    for wanted, begin, stop in (
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=100-", 100, SIZE),
        ("bytes=-7", SIZE - 7, SIZE),
        (f"bytes=5-{SIZE * 2}", 5, SIZE),
        (f"bytes=-{SIZE * 2}", 0, SIZE),
    ):
        answer = await assets.client.get(url, headers=assets.bearer("reviewer") | {"Range": wanted})
        assert answer.status_code == 206, wanted
        assert answer.content == CONTENT[begin:stop]
        assert answer.headers["Content-Range"] == f"bytes {begin}-{stop - 1}/{SIZE}"
        assert answer.headers["Content-Length"] == str(stop - begin)


async def test_what_is_no_range_of_this_file(assets: Harness, url: str) -> None:
    headers = assets.bearer("reviewer")
    for wanted in ("bytes=0-1,5-6", "lines=0-1", "bytes=-", "bytes=9-3", "bytes=a-b", "bytes=" + "9" * 99):
        answer = await assets.client.get(url, headers=headers | {"Range": wanted})
        assert (answer.status_code, answer.content) == (200, CONTENT), wanted
    for wanted in (f"bytes={SIZE}-", "bytes=-0", "bytes=999999999999-"):
        answer = await assets.client.get(url, headers=headers | {"Range": wanted})
        assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{SIZE}"), wanted
    for known, status in (('"another"', 200), (f'"{sha256(CONTENT)}"', 206)):
        answer = await assets.client.get(url, headers=headers | {"Range": "bytes=0-4", "If-Range": known})
        assert answer.status_code == status


async def test_what_the_caller_has_is_not_sent_again(assets: Harness, url: str) -> None:
    for known, status in ((f'"x", "{sha256(CONTENT)}"', 304), ("*", 304), ('"x"', 200)):
        answer = await assets.client.get(url, headers=assets.bearer("reviewer") | {"If-None-Match": known})
        assert (answer.status_code, len(answer.content)) == (status, 0 if status == 304 else SIZE)


async def test_what_is_not_there_is_not_given(assets: Harness, url: str) -> None:
    headers = assets.bearer("reviewer")
    assert (await assets.client.get(url)).status_code == 401
    assert (await assets.client.get(f"/v1/versions/{new_id()}/content", headers=headers)).status_code == 404
    version = (await assets.client.get(url.removesuffix("/content"), headers=headers)).json()
    await assets.app.state.store._delete(version["location"])
    lost = await assets.client.get(url, headers=headers)
    assert (lost.status_code, lost.json()["type"]) == (500, "urn:packshot:problem:file-missing")


async def test_versions_are_listed_newest_first(assets: Harness) -> None:
    for number in range(3):
        await upload(assets, await claimed(assets, sku=f"S{number % 2}"), photo(number))
    headers = assets.bearer("reviewer")

    async def listed(**params: str | int) -> list[str]:
        names: list[str] = []
        while True:
            answer = await assets.client.get("/v1/versions", params={"limit": 1, **params}, headers=headers)
            names += [f"{item['sku']}/{item['sha256']}" for item in answer.json()["items"]]
            if answer.json()["next_cursor"] is None:
                return names
            params["cursor"] = answer.json()["next_cursor"]

    all_of_them = [f"S{number % 2}/{sha256(photo(number))}" for number in (2, 1, 0)]
    assert await listed() == all_of_them
    assert await listed(sku="S0") == [all_of_them[0], all_of_them[2]]
    assert await listed(zone=Zone.FINAL) == []
    assert await listed(work_item_id=str(new_id())) == []
    [event, *_] = await assets.recorded(VersionStored)
    assert await listed(work_item_id=str(event.data.version.work_item_id)) == [all_of_them[2]]
    assert event.data.version.source is VersionSource.UPLOAD
