"""Resumable uploads are held to the record of AI and to the naming packs: when they are created, and at their end."""

from typing import Any

from chassis.testkit.harness import Harness
from contracts.routing import WorkClaimed
from tests.assets.factory import HOLDER, claimed, known, photo, tell, tell_domains
from tests.assets.test_names import publish
from tests.assets.tus import TusClient

CONTENT = photo(1)


async def version_of(assets: Harness, upload: dict[str, Any]) -> dict[str, Any]:
    answer = await assets.client.get(f"/v1/versions/{upload['version_id']}", headers=assets.bearer("reviewer"))
    found: dict[str, Any] = answer.json()
    return found


async def test_a_declaration_is_carried_and_held_to_what_is_on_record(assets: Harness) -> None:
    by_ai, by_hand = await claimed(assets, ai=True), await claimed(assets, ai=False, view="back")
    tus = TusClient(assets)
    for item, said in ((by_ai, {}), (by_hand, {"digital_source_type": "trainedAlgorithmicMedia"})):
        refused = await tus.create(item, len(CONTENT), **said)
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:packshot:problem:contradicts-record")
        [error] = refused.json()["errors"]
        assert error["pointer"] == "header/Upload-Metadata"
        assert error["detail"].startswith("its `digital_source_type` is refused")
        assert error["remedy"].startswith("Declare")
    assert await assets.fetch("SELECT 1 FROM upload") == []
    assert (await tus.create(by_ai, len(CONTENT), digital_source_type="compositeSynthetic")).status_code == 201
    assert (await tus.patch(0, CONTENT)).status_code == 204
    ended = await tus.state()
    assert (ended["state"], ended["digital_source_type"]) == ("finished", "compositeSynthetic")
    assert (await version_of(assets, ended))["digital_source_type"] == "compositeSynthetic"


async def test_what_comes_to_contradict_the_record_ends_refused(assets: Harness) -> None:
    """AI came on record while the bytes came."""
    item = await claimed(assets, ai=False)
    tus = TusClient(assets)
    assert (await tus.create(item, len(CONTENT))).status_code == 201
    now_by_ai = item.model_copy(update={"ai": True})
    await tell(assets, WorkClaimed, now_by_ai, 3)
    await known(assets, now_by_ai, 3)
    refused = await tus.patch(0, CONTENT)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "header/Upload-Metadata")
    assert (await tus.call("HEAD")).status_code == 410
    assert (await tus.patch(0, CONTENT)).status_code == 410
    ended = await tus.state()
    assert (ended["state"], ended["problem"]["type"]) == ("refused", "urn:packshot:problem:contradicts-record")


async def test_a_refused_name_is_told_before_the_bytes_come(assets: Harness) -> None:
    await tell_domains(assets)
    assert (await publish(assets, "brand", 1, wrong_names="refuse")).status_code == 200
    item = await claimed(assets, by=HOLDER)
    tus = TusClient(assets)
    for wrong in ("wrong.jpg", "WJ01_blue_front", "WJ01_blue_front.txt"):
        refused = await tus.create(item, len(CONTENT), filename=wrong)
        assert (refused.status_code, refused.json()["right_name"]) == (422, "WJ01_blue_front.jpg"), wrong
        assert refused.json()["errors"][0]["pointer"] == "header/Upload-Metadata"
    assert await assets.fetch("SELECT 1 FROM upload") == []
    png = photo(2, file_format="PNG")
    assert (await tus.create(item, len(png), filename="WJ01_blue_front.jpg")).status_code == 201
    refused = await tus.patch(0, png)  # that it is a PNG shows only now
    assert (refused.status_code, refused.json()["right_name"]) == (422, "WJ01_blue_front.png")
    assert (await tus.call("HEAD")).status_code == 410
    assert (await tus.create(item, len(png), png, filename="WJ01_blue_front.png")).status_code == 201
    assert (await tus.state())["state"] == "finished"
