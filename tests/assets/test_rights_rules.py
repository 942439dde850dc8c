"""Whether rights permit a use, and when their terms begin and end: against models that are written another way."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chassis.ids import new_id
from contracts.rights import Right, RightKind
from contracts.values import IntendedUse, Role, VersionSource
from services.assets.rights.domain import Asked, Attached, Picture, judge, needs_of, rests_on
from services.assets.rights.faults import faults_of, faults_of_pack
from services.assets.rights.pack import default_rights_pack
from services.assets.rights.schemas import Missing, Need, RightContent, RightsCause, RightsPackContent, RightState, When
from services.assets.rights.terms import OVER, begins_at, due_warning, ends_at, next_warning, state_of

DAY_ONE = date(2026, 3, 1)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
CHANNELS = {"pdp", "amazon", "zalando"}
COUNTRIES = ["DE", "FR", "US"]
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe",
    # Their clocks are, or were, put forward or back at midnight.
    "Asia/Beirut", "Africa/Cairo", "America/Havana", "America/Sao_Paulo", "America/Asuncion",
]  # fmt: skip


def right(**changes: Any) -> Right:
    values: dict[str, Any] = {
        "id": new_id(), "version": 1, "kind": RightKind.MODEL_RELEASE, "holder": "Lena Okafor",
        "reference": "MR-2026-041", "territories": ["world"], "channels": None, "uses": None, "valid_from": DAY_ONE,
        "valid_until": None, "time_zone": "Europe/Berlin", "credit": None, "document": None, "recorded_by": "tom",
        "role": Role.ASSET_MANAGER, "recorded_at": NOON, "cause": None, "revoked_at": None,
    }  # fmt: skip
    return Right.model_validate(values | changes)


def need(kind: RightKind = RightKind.MODEL_RELEASE, missing: Missing = Missing.REFUSE, **when: Any) -> Need:
    return Need(id="one", kind=kind, missing=missing, because="A person can be seen.", when=When(**when))


def picture(**changes: Any) -> Picture:
    values: dict[str, Any] = {
        "view": "on_model", "channel": None, "use": "catalog",
        "sources": frozenset({VersionSource.UPLOAD}), "vendors": frozenset(),
    }  # fmt: skip
    return Picture(**values | changes)


def asked(**changes: Any) -> Asked:
    values: dict[str, Any] = {"channel": "pdp", "territories": ("DE",), "use": "catalog", "at": NOON}
    return Asked(**values | changes)


NEEDED = {RightKind.MODEL_RELEASE: need()}

ANY = st.none()
_days = st.integers(0, 4)
_rights = st.builds(
    lambda kind, holder, countries, channels, uses, first, days, revoked: right(
        kind=kind, holder=holder, territories=countries, channels=channels, uses=uses,
        valid_from=DAY_ONE + timedelta(days=first),
        valid_until=None if days is None else DAY_ONE + timedelta(days=first + days),
        revoked_at=NOON if revoked else None,
    ),
    st.sampled_from([RightKind.MODEL_RELEASE, RightKind.LICENCE]),
    st.sampled_from(["Ann", "ann ", "Ben"]),
    st.just(["world"]) | st.lists(st.sampled_from(COUNTRIES), min_size=1, unique=True),
    ANY | st.lists(st.sampled_from(["pdp", "amazon"]), min_size=1, unique=True),
    ANY | st.just([IntendedUse.CATALOG]),
    _days,
    st.none() | _days,
    st.sampled_from([False, False, False, True]),
)  # fmt: skip


def _permitted(one: Right) -> set[tuple[int, str, str | None, str | None]]:
    """Every use of a small world that it permits: day, country, channel, intended use."""
    if one.revoked_at is not None:
        return set()
    first = (one.valid_from - DAY_ONE).days
    last = 99 if one.valid_until is None else (one.valid_until - DAY_ONE).days
    return {
        (day, country, channel, use)
        for day in range(10) if first <= day <= last
        for country in ([*COUNTRIES, "world"] if one.territories == ["world"] else one.territories)
        for channel in (["pdp", "amazon", None] if one.channels is None else [*one.channels, None])
        for use in (["catalog", "campaign", None] if one.uses is None else one.uses)
    }  # fmt: skip


def _model(bound: Sequence[Right], day: int, countries: Sequence[str], channel: str | None, use: str | None) -> bool:
    """Whether each holder's rights of a kind together permit all of it."""
    together: dict[tuple[str, str], set[tuple[int, str, str | None, str | None]]] = {}
    for one in bound:
        together.setdefault((one.kind, one.holder.strip().lower()), set()).update(_permitted(one))
    everywhere = [*COUNTRIES, "world"]
    return all(
        all((day, country, channel, use) in uses for country in countries)
        if countries
        else any((day, country, channel, use) in uses for country in everywhere)
        for uses in together.values()
    )


@given(
    st.lists(st.tuples(_rights, st.booleans()), max_size=5),
    st.sampled_from([{}, NEEDED, {RightKind.MODEL_RELEASE: need(missing=Missing.WARN)}]),
    st.integers(0, 9),
    st.lists(st.sampled_from([*COUNTRIES, "world"]), max_size=3, unique=True),
    st.sampled_from(["pdp", "amazon", None]),
    st.sampled_from(["catalog", "campaign", None]),
)
def test_a_verdict_is_that_of_the_sets_of_uses(
    given_rights: list[tuple[Right, bool]],
    needed: dict[RightKind, Need],
    day: int,
    countries: list[str],
    channel: str | None,
    use: str | None,
) -> None:
    attached = [Attached(one, own) for one, own in given_rights]
    bound = [one for one, own in given_rights if own or one.kind in needed]
    lacks = [kind for kind in needed if kind not in {one.kind for one in bound}]
    refused = any(needed[kind].missing is Missing.REFUSE for kind in lacks)
    question = asked(channel=channel, territories=tuple(countries), use=use, at=DAY_ONE + timedelta(days=day))
    verdict = judge(needed, attached, question)
    assert verdict.allowed == (not refused and _model(bound, day, countries, channel, use))
    assert all(one.detail and one.remedy for one in verdict.causes + verdict.warnings)
    if verdict.allowed:
        assert {one.id for one in verdict.permitting} <= {one.id for one in bound}
        last = 9 if verdict.until is None else (verdict.until - DAY_ONE).days
        assert last >= day
        assert all(_model(bound, one, countries, channel, use) for one in range(day, min(last, 9) + 1))
    for one, _ in given_rights:
        others = [other for other in bound if other.id != one.id]
        same = [other for other in others if (other.kind, other.holder.strip().lower()) ==
                (one.kind, one.holder.strip().lower())]  # fmt: skip
        alone = one in bound and not (same and _model(same, day, countries, channel, use))
        assert rests_on(one.id, needed, attached, question) == alone


@given(
    st.sampled_from(ZONES),
    st.dates(date(2009, 1, 1), date(2035, 12, 31)),
    st.integers(0, 3),
    st.integers(-3 * 3600, 3 * 3600),
    st.booleans(),
)
def test_a_term_is_whole_days_of_its_zone(zone: str, first: date, days: int, seconds: int, at_end: bool) -> None:
    """Around midnight at both of its ends, on whatever day: what the calendar on the wall shows decides."""
    one = right(time_zone=zone, valid_from=first, valid_until=first + timedelta(days=days))
    near = one.valid_until + timedelta(days=1) if at_end and one.valid_until else first
    moment = datetime(near.year, near.month, near.day, tzinfo=ZoneInfo(zone)).astimezone(UTC) + timedelta(
        seconds=seconds
    )
    shown = moment.astimezone(ZoneInfo(zone)).date()
    expected = RightState.IN_FORCE
    if shown < first:
        expected = RightState.NOT_BEGUN
    elif shown > first + timedelta(days=days):
        expected = RightState.ENDED
    assert state_of(one, moment) is expected


@pytest.mark.parametrize(
    ("zone", "last", "ends"),
    [
        ("Europe/Berlin", "2026-03-01", "2026-03-01T23:00:00"),
        ("Europe/Berlin", "2026-03-28", "2026-03-28T23:00:00"),  # the night in which they are put forward
        ("Europe/Berlin", "2026-03-29", "2026-03-29T22:00:00"),
        ("Europe/Berlin", "2026-10-25", "2026-10-25T23:00:00"),
        ("America/New_York", "2026-03-01", "2026-03-02T05:00:00"),
        ("Africa/Cairo", "2026-04-23", "2026-04-23T22:00:00"),  # at midnight it is one o'clock
        ("America/Havana", "2026-10-31", "2026-11-01T04:00:00"),  # midnight comes twice: the first counts
        ("Pacific/Apia", "2011-12-29", "2011-12-30T10:00:00"),  # the day after never was
    ],
)
def test_it_ends_at_the_end_of_a_day(zone: str, last: str, ends: str) -> None:
    day = date.fromisoformat(last)
    one = right(valid_from=date(2010, 1, 1), valid_until=day, time_zone=zone)
    end = datetime.fromisoformat(ends).replace(tzinfo=UTC)
    assert ends_at(one) == end
    assert state_of(one, end - timedelta(microseconds=1)) is RightState.IN_FORCE
    assert state_of(one, end) is RightState.ENDED
    assert (state_of(one, day), state_of(one, day + timedelta(days=1))) == (RightState.IN_FORCE, RightState.ENDED)
    first = right(valid_from=day + timedelta(days=1), time_zone=zone)
    assert begins_at(first) == end
    assert state_of(first, end - timedelta(microseconds=1)) is RightState.NOT_BEGUN


@given(st.lists(st.integers(1, 60), max_size=5), st.lists(st.integers(-70 * 24, 5 * 24), max_size=12))
def test_each_warning_is_told_once_and_the_end_always(warn_days: list[int], hours: list[int]) -> None:
    """However the clock jumps, forwards and back: what is told only comes nearer, and is never told before its time."""
    one = right(valid_until=date(2026, 9, 30))
    end = ends_at(one)
    assert end is not None
    told: list[int] = []
    for hour in hours:
        at = end + timedelta(hours=hour)
        days = due_warning(one, warn_days, at, told[-1] if told else None)
        if days is not None:
            told.append(days)
            moment = ends_at(one, days)
            assert moment is not None
            assert moment <= at
        following = next_warning(one, warn_days, at)
        assert (following is None) == (hour >= 0)
        assert following is None or at < following <= end
    assert told == sorted(set(told), reverse=True)
    assert set(told) <= {OVER, *warn_days}
    assert (OVER in told) == any(hour >= 0 for hour in hours)


def test_each_cause_is_said_in_words() -> None:
    cases: list[tuple[dict[str, Any], dict[str, Any], RightsCause, str]] = [
        ({"valid_until": date(2026, 5, 31)}, {}, RightsCause.ENDED, "ended on 2026-05-31 (Europe/Berlin)."),
        ({"valid_from": date(2026, 7, 1)}, {}, RightsCause.NOT_BEGUN, "its term begins on 2026-07-01 (Europe/Berlin)."),
        ({"revoked_at": NOON, "cause": "she withdrew her consent"}, {}, RightsCause.REVOKED,
         "was revoked on 2026-06-01: she withdrew her consent."),
        ({"territories": ["DE", "AT"]}, {"territories": ("AT", "US", "FR")}, RightsCause.TERRITORY,
         "doesn't cover US, FR; it covers DE, AT."),
        ({"channels": ["pdp", "zalando"]}, {"channel": "amazon"}, RightsCause.CHANNEL,
         "doesn't cover the channel amazon; it covers pdp, zalando."),
        ({"uses": ["catalog"]}, {"use": "campaign"}, RightsCause.USE, "is for catalog alone, and this picture is for"),
        ({"uses": ["catalog"]}, {"use": None}, RightsCause.USE, "what this picture is for was never told."),
    ]  # fmt: skip
    for changes, question, cause, words in cases:
        (found,) = judge(NEEDED, [Attached(right(**changes), False)], asked(**question)).causes
        assert found.cause is cause
        assert found.detail.startswith("The model release MR-2026-041 of Lena Okafor "), found
        assert words in found.detail, found
    (missing,) = judge(NEEDED, [], asked()).causes
    assert missing.detail == "No model release is attached to this picture. A person can be seen."


def test_what_was_not_asked_is_warned_of() -> None:
    limited = right(territories=["DE", "AT"], channels=["pdp"], credit="Photo: Lena")
    verdict = judge(NEEDED, [Attached(limited, False)], asked(channel=None, territories=()))
    assert verdict.allowed
    assert [one.cause for one in verdict.warnings] == [RightsCause.TERRITORY, RightsCause.CHANNEL]


def test_a_release_of_a_product_binds_only_what_shows_a_person() -> None:
    ended = Attached(right(valid_until=DAY_ONE), own=False)
    assert judge({}, [ended], asked()).allowed
    assert not judge({}, [Attached(ended.right, own=True)], asked()).allowed


def test_the_default_pack_asks_for_people_and_lets_packshots_be() -> None:
    needs = default_rights_pack().needs

    def refused(**changes: Any) -> list[RightKind]:
        shown = picture(**changes)
        return [one.kind for one in judge(needs_of(needs, shown, asked()), [], asked()).causes]

    def warned(**changes: Any) -> list[RightKind]:
        shown = picture(**changes)
        return [one.kind for one in judge(needs_of(needs, shown, asked()), [], asked()).warnings]

    for view in ("on_model", "on_model_2", "lifestyle", "model_hand"):
        assert refused(view=view) == [RightKind.MODEL_RELEASE], view
    for view in ("front", "front_2", "back", "detail", "ghost_mannequin"):
        assert refused(view=view) == [], view
    vendors = {"sources": frozenset({VersionSource.RENDER, VersionSource.VENDOR}), "vendors": frozenset({"nord"})}
    assert (refused(view="front", **vendors), warned(view="front", **vendors)) == ([], [RightKind.LICENCE])
    assert warned(view="front") == []
    assert faults_of_pack(default_rights_pack(), CHANNELS) == []


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({"views": ["on_model"], "uses": ["catalog"]}, True),
        ({"views": ["on_model"], "uses": ["campaign"]}, False),
        ({"channels": ["amazon", "pdp"]}, True),
        ({"channels": ["amazon"]}, False),
        ({"vendors": ["nord"]}, False),
        ({}, True),
    ],
)
def test_a_need_holds_where_all_of_its_conditions_do(when: dict[str, Any], holds: bool) -> None:
    assert bool(needs_of([need(**when)], picture(), asked())) == holds


def test_the_strictest_need_of_a_kind_decides() -> None:
    warn, refuse = need(missing=Missing.WARN), need(missing=Missing.REFUSE, views=["on_model"])
    for needs in ([warn, refuse], [refuse, warn]):
        assert needs_of(needs, picture(), asked()) == {RightKind.MODEL_RELEASE: refuse}


def content(**changes: Any) -> RightContent:
    values = {
        "kind": "licence", "holder": "Studio Nord", "reference": "SN-7", "territories": ["DE"], "channels": None,
        "uses": None, "valid_from": "2026-03-01", "valid_until": "2026-03-01",
    }  # fmt: skip
    return RightContent.model_validate(values | changes)


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({}, []),
        ({"territories": ["world"], "channels": ["pdp"], "valid_until": None, "time_zone": "Asia/Tokyo"}, []),
        ({"territories": ["DE", "UK", "ZZ", "de"]}, ["/territories/1", "/territories/2", "/territories/3"]),
        ({"territories": ["world", "DE"]}, ["/territories"]),
        ({"territories": ["DE", "DE"]}, ["/territories/1"]),
        ({"channels": ["pdp", "temu", "pdp"]}, ["/channels/1", "/channels/2"]),
        ({"uses": ["catalog", "catalog"]}, ["/uses/1"]),
        ({"valid_until": "2026-02-28"}, ["/valid_until"]),
        ({"time_zone": "Europe/Atlantis"}, ["/time_zone"]),
        ({"time_zone": "../../etc/passwd"}, ["/time_zone"]),
        ({"time_zone": "posix/Europe/Berlin"}, ["/time_zone"]),
        ({"time_zone": "localtime"}, ["/time_zone"]),
        ({"time_zone": "Factory"}, ["/time_zone"]),
    ],
)
def test_what_is_wrong_with_a_right_is_told_in_its_place(changes: dict[str, Any], pointers: list[str]) -> None:
    faults = faults_of(content(**changes), CHANNELS)
    assert [fault.pointer for fault in faults] == pointers
    assert all(fault.remedy for fault in faults)
    british = [fault.remedy for fault in faults if "UK" in fault.detail]
    assert british in ([], ["Send `GB`."])


@pytest.mark.parametrize("field", ["holder", "reference", "credit", "document"])
def test_a_text_that_shows_nothing_is_none(field: str) -> None:
    for nothing in ("\u200b", "\u2060\ufeff", "\u3164", "\u0301", "\u200d \u2800"):
        with pytest.raises(ValidationError, match="Nothing of it can be seen") as refused:
            content(**{field: nothing})
        assert [error["loc"] for error in refused.value.errors()] == [(field,)]
    for something in ("Ł", "山田", "1", "–", "نور", "a\u200db"):
        assert getattr(content(**{field: something}), field) == something


def test_what_is_wrong_with_a_pack_is_told_in_its_place() -> None:
    pack = default_rights_pack().model_dump(mode="json")
    pack["needs"] += [pack["needs"][0] | {"when": {"channels": ["pdp", "temu"]}}]
    sent = RightsPackContent.model_validate(pack | {"time_zone": "Mars", "warn_days": [7, 7]})
    assert [fault.pointer for fault in faults_of_pack(sent, CHANNELS)] == [
        "/time_zone", "/warn_days/1", "/needs/3/id", "/needs/3/when/channels/1",
    ]  # fmt: skip
