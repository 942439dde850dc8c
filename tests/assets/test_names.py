"""Names of files (R65): made by packs, checked, offered, and never one for two slots."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.packs import read_toml
from chassis.testkit.harness import Harness, Start
from contracts.assets import NamingPackPublished
from contracts.routing import WorkReady
from contracts.values import Role, WorkItem, WorkState
from services.assets.naming.domain import (
    MASTER,
    Rule,
    base_name,
    cleaned,
    key_of,
    media_type_of,
    misfit,
    numbered,
)
from services.assets.naming.faults import CHARACTERS, faults_of
from services.assets.naming.packs import DEFAULT
from services.assets.naming.repository import name_of, owner_of
from services.assets.naming.schemas import NamingContent, StoredNaming
from services.assets.settings import AssetsSettings
from services.assets.versions.domain import name_problem
from services.assets.work.domain import Slot
from services.assets.worker import create_app as create_worker
from tests.assets.factory import (
    Vendor,
    approved,
    claimed,
    named,
    photo,
    ready,
    tell_domains,
    upload,
    variant_of,
    with_state,
)
from tests.assets.test_worker import handled, versions_of

BRAND = StoredNaming.model_validate(read_toml(DEFAULT))
OWNER, OTHER = Role.QC_LEAD, Role.PRODUCER  # as `tell_domains` says
PATH = "/v1/naming-packs"


def content(**changes: Any) -> dict[str, Any]:
    """The brand's pack as an edit sends it, changed."""
    return NamingContent.model_validate(BRAND.model_dump(exclude={"channel"}) | changes).model_dump(mode="json")


def rule(**changes: Any) -> Rule:
    pack = NamingContent.model_validate(content(**changes))
    return Rule(pack.pattern, pack, "brand", 1, "")


def base(one: Rule, sku: str, colorway: str = "blue", view: str = "front", media_type: str = "image/jpeg") -> str:
    values: dict[str, str | int] = {"sku": sku, "colorway": colorway, "view": view}
    return base_name(one, values | {"channel": MASTER, "number": 2, "round": 1}, media_type)


@pytest.mark.parametrize(
    ("value", "stands_as"),
    [
        ("WJ01", "WJ01"), ("Größe", "Groesse"), ("ÄRMEL", "AeRMEL"), ("Café crème", "Cafe-creme"), ("a/b", "a-b"),
        ("a \\ / b", "a-b"), ("../../etc", "etc"), ("赤", "u8d64"), ("???", "x"), ("M&S", "MandS"), ("ﬁne", "fine"),
        ("e\u0301", "e"), ("a\u202eb", "a-b"), ("½", "12"), ("..", "x"), ("-rf", "rf"), ("Ⅷ", "VIII"),
        ("İstanbul", "Istanbul"),
    ],
)  # fmt: skip
def test_values_are_written_in_plain_letters(value: str, stands_as: str) -> None:
    assert cleaned(value, BRAND) == stands_as


def test_a_name_follows_its_pattern_case_format_and_length() -> None:
    assert base(rule(), "WJ01") == "WJ01_blue_front.jpg"
    assert base(rule(case="lower"), "WJ01", media_type="image/tiff") == "wj01_blue_front.tif"
    assert base(rule(pattern="{sku}-{channel}-v{number}r{round}.{ext}"), "A") == "A-master-v2r1.jpg"
    long = base(rule(max_length=40), "S" * 100, "c" * 20)
    assert (len(long), long.endswith("_front.jpg"), long.startswith("SSSS")) == (40, True, True)
    assert base(rule(pattern="{sku}.{ext}"), "con") == "con-.jpg"
    fixed = Rule("{sku}.jpg", BRAND, "brand", 1, "amazon")
    assert (base(fixed, "A"), base(fixed, "A", media_type="image/png")) == ("A.jpg", "A.png")


def test_what_is_wrong_with_a_name_is_said() -> None:
    right = "WJ01_blue_front.jpg"
    assert misfit(right, right, rule(), None) is None
    for name, says in {"wj01_BLUE_front.jpg": "capitals", "WJ01_blue_front.jpeg": "ending", "x.jpg": "pattern"}.items():
        assert says in str(misfit(name, right, rule(), None))
    assert "SKU B" in str(misfit("x.jpg", right, rule(), "SKU B"))
    assert (media_type_of("a.TIFF"), media_type_of("a.txt")) == ("image/tiff", None)


RULES = st.builds(
    lambda case, characters, at, length, pattern: rule(
        case=case,
        characters="".join(characters),
        replacement=characters[at % len(characters)] if characters else "",
        max_length=length,
        pattern=pattern,
        transliteration={"ä": "ae", "ß": "ss"},
    ),
    st.sampled_from(["keep", "lower", "upper"]),
    st.lists(st.sampled_from(CHARACTERS), unique=True, max_size=5),
    st.integers(0, 4),
    st.integers(40, 255),
    st.sampled_from(["{sku}_{colorway}_{view}.{ext}", "{sku}.{ext}", "{sku}{sku}-{view}.{ext}"]),
)


@given(RULES, st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=300), st.integers(1, 10**6))
def test_every_name_can_be_a_files_on_every_system(one: Rule, sku: str, colorway: str, number: int) -> None:
    assert faults_of(one.pack) == []
    name = numbered(base(one, sku, colorway), number, one.pack.max_length)
    assert name_problem(name) is None
    assert name.isascii()
    assert len(name) <= one.pack.max_length
    assert not set(name) & set('/\\:*?"<>|')
    assert name.lower().endswith(".jpg")
    assert base(one, sku, colorway) == base(one, sku, colorway)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"pattern": "{view}.{ext}"}, "/pattern"), ({"pattern": "{sku}.jpg"}, "/pattern"),
        ({"pattern": "{sku}/{view}.{ext}"}, "/pattern"), ({"pattern": "{sku}_{gtin}.{ext}"}, "/pattern"),
        ({"pattern": "{sku.{ext}"}, "/pattern"), ({"pattern": ".{sku}.{ext}"}, "/pattern"),
        ({"characters": "-_./"}, "/characters"), ({"replacement": "+"}, "/replacement"),
        ({"transliteration": {"Ä": "Ae"}}, "/transliteration/Ä"),
        ({"transliteration": {"a": "b"}}, "/transliteration/a"),
        ({"transliteration": {"-": "x"}}, "/transliteration/-"),
    ],
)  # fmt: skip
def test_a_pack_that_makes_no_names_is_told_where(changes: dict[str, Any], pointer: str) -> None:
    faults = faults_of(NamingContent.model_validate(content(**changes)))
    assert [fault.pointer for fault in faults] == [pointer]
    assert faults[0].remedy


SLOTS = st.lists(
    st.tuples(st.text("aA/-_ äe2", min_size=1, max_size=4), st.sampled_from(["a/b", "a-b", "a b", "A-B", "a-b_2"])),
    min_size=2,
    max_size=8,
)


async def test_no_two_slots_have_one_name(assets: Harness) -> None:
    """Whatever they are called, whichever rule names them, in whatever order: and each keeps its own."""
    service = assets.service
    rules = [rule(pattern=pattern, case=case) for pattern in ("{sku}_{colorway}.{ext}", "{sku}.{ext}")
             for case in ("keep", "lower")]  # fmt: skip
    drawn: list[list[tuple[str, str]]] = []

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(SLOTS)
    def draw(slots: list[tuple[str, str]]) -> None:
        drawn.append(slots)

    draw()
    whose: dict[str, Slot] = {}
    for slots in drawn:
        async with service.database.transaction() as session:
            for one in rules:
                for sku, colorway in slots:
                    slot = Slot(sku, colorway, "front", None)
                    name = await name_of(session, "", slot, base(one, sku, colorway), one.pack.max_length)
                    assert whose.setdefault(key_of(name), slot) == slot
                    assert await owner_of(session, "", name) == slot
                    again = await name_of(session, "", slot, base(one, sku, colorway), one.pack.max_length)
                    assert again == name
    assert len(whose) > 50


async def test_many_who_want_one_name_at_once_get_one_each(assets: Harness) -> None:
    """Each slot asked for twice in the same moment, as by two replicas: it gets one name."""

    async def taken(number: int) -> tuple[Slot, str]:
        slot = Slot("A", "a" + "/-_ "[number % 4] * (number // 4 % 4 + 1) + "b", "front", None)
        async with assets.service.database.transaction() as session:
            one = rule(characters="", replacement="")
            return slot, await name_of(session, "", slot, base(one, slot.sku, slot.colorway), 120)

    found = await asyncio.gather(*(taken(number) for number in range(32)))
    names = {slot: {name for one, name in found if one == slot} for slot, _ in found}
    assert len(names) == 16
    assert all(len(one) == 1 for one in names.values())
    assert len(set.union(*names.values())) == 16


async def ask(assets: Harness, what: str, **body: Any) -> Any:
    return await assets.client.post(f"/v1/names:{what}", json=body, headers=assets.bearer("retoucher"))


def slot_of(item: WorkItem) -> dict[str, Any]:
    return {"sku": item.sku, "colorway": item.colorway, "view": item.view}


async def test_names_are_proposed_and_checked(assets: Harness) -> None:
    one, other = await ready(assets, colorway="a/b"), await ready(assets, colorway="a-b")
    first = await ask(assets, "propose", work_item_id=str(one.id))
    assert first.json() == {
        "name": "WJ01_a-b_front.jpg", "pattern": BRAND.pattern, "pack": "brand", "pack_version": 1,
        "wrong_names": "accept",
    }  # fmt: skip
    second = await ask(assets, "propose", **slot_of(other))
    assert second.json()["name"] == "WJ01_a-b_front_2.jpg"
    assert (await ask(assets, "propose", **slot_of(one))).json() == first.json()
    wrong = (await ask(assets, "check", **slot_of(other), filename="WJ01_a-b_front.jpg")).json()
    assert (wrong["fits"], wrong["name"]) == (False, "WJ01_a-b_front_2.jpg")
    assert "a/b" in wrong["problem"]
    assert (await ask(assets, "check", **slot_of(other), filename="WJ01_a-b_front_2.jpg")).json()["fits"]
    tiff = (await ask(assets, "check", work_item_id=str(one.id), filename="../x.tiff")).json()
    assert (tiff["fits"], tiff["name"]) == (False, "WJ01_a-b_front.tif")
    for body, status in (
        ({"sku": "NOPE", "colorway": "a", "view": "b"}, 404),
        ({"work_item_id": "019ab015-5e00-7000-8000-000000000015"}, 404),
        ({"sku": "WJ01"}, 422),
        ({"work_item_id": str(one.id), "sku": "WJ01"}, 422),
        ({}, 422),
    ):
        assert (await ask(assets, "propose", **body)).status_code == status, body
    assert (await ask(assets, "check", work_item_id=str(one.id), filename="\x00")).status_code in (200, 422)


async def publish(assets: Harness, name: str, expected: int, role: str = OWNER, **changes: Any) -> Any:
    headers = assets.bearer(role) | {"If-Match": f'"{expected}"'}
    return await assets.client.put(f"{PATH}/{name}", json=content(**changes), headers=headers)


async def test_the_owner_edits_packs_and_gives_a_channel_its_own(assets: Harness) -> None:
    await tell_domains(assets)
    assert (await publish(assets, "brand", 1, OTHER)).status_code == 403
    assert (await publish(assets, "brand", 1, pattern="{view}.{ext}")).json()["errors"][0]["pointer"] == "/pattern"
    assert (await publish(assets, "temu", 0)).status_code == 404
    edited = await publish(assets, "brand", 1, case="lower")
    assert (edited.status_code, edited.headers["ETag"], edited.json()["channel"]) == (200, '"2"', None)
    assert (await publish(assets, "brand", 1)).status_code == 412
    own = await publish(assets, "amazon", 0, pattern="{sku}-{view}.{ext}")
    assert (own.status_code, own.json()["channel"]) == (200, "amazon")
    listed = (await assets.client.get(PATH, headers=assets.bearer("reviewer"))).json()["items"]
    assert [(one["channel"], one["version"]) for one in listed] == [("amazon", 1), (None, 2)]
    old = await assets.client.get(f"{PATH}/brand?version=1", headers=assets.bearer("reviewer"))
    assert old.json()["case"] == "keep"
    told = [(one.data.pack.channel, one.data.pack.version) for one in await assets.recorded(NamingPackPublished)]
    assert told == [(None, 1), (None, 2), ("amazon", 1)]


async def test_a_wrong_name_is_accepted_or_refused_as_the_pack_says(assets: Harness) -> None:
    """Accepted, it leaves the house under the right one."""
    vendor = await Vendor.registered(assets)
    _, version = await approved(assets, photo(1))
    assert (version["filename"], version["export_name"]) == ("front.jpg", "WJ01_blue_front.jpg")
    sent = await assets.client.get(f"/v1/versions/{version['id']}/content", headers=assets.bearer("reviewer"))
    assert 'filename="WJ01_blue_front.jpg"' in sent.headers["Content-Disposition"]

    assert (await publish(assets, "brand", 1, wrong_names="refuse")).status_code == 200
    back = await claimed(assets, view="back")
    refused = await upload(assets, back, photo(2), "back.jpg")
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:packshot:problem:wrong-name")
    assert refused.json()["right_name"] == "WJ01_blue_back.jpg"
    taken = await upload(assets, back, photo(2), "WJ01_blue_back.jpg")
    assert (taken.status_code, taken.json()["filename"]) == (201, "WJ01_blue_back.jpg")

    side = await ready(assets, view="side")
    await vendor.put(photo(3))
    answer = await vendor.deliver(named(side, photo(3), "side.jpg"), named(side, photo(3), "WJ01_blue_side.jpg"))
    [wrong, right] = answer.json()["files"]
    assert (wrong["accepted"], right["accepted"]) == (False, True)
    assert "Name it WJ01_blue_side.jpg." in wrong["reasons"][0]


async def test_variants_of_two_colorways_have_two_names(assets: Harness, start: Start) -> None:
    """Rendered by one channel's pattern, out of values that are cleaned to the same; another channel has its own."""
    worker = await start(create_worker, AssetsSettings, fresh=False, process="worker")
    master = photo(1, 1200, 1500)
    variants = []
    for colorway in ("a/b", "a-b"):
        shot, _ = await approved(assets, master, colorway=colorway)
        variants.append(variant_of(shot, "pdp"))
    variants.append(variant_of(shot, "amazon"))
    events = []
    for one in variants:
        said = WorkReady(work=with_state(one, WorkState.READY), by="routing", cause=None)
        events.append((await assets.publish(said, one.id, 2)).id)
        await handled(worker, events[-1])
    names = [(await versions_of(assets, one))[0]["filename"] for one in variants]
    assert names == ["WJ01_a-b_front.jpg", "WJ01_a-b_front_2.jpg", "WJ01_a-b_front.jpg"]
