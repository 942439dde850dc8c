"""The routing table, and what a path may look like."""

import json
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.problems import NotFound
from gateway.app import create_app
from gateway.errors import BadPath, PathTooLong
from gateway.routes import Routes, check_path, load_documents
from gateway.settings import GatewaySettings
from tests.gateway.services import PATHS, document, write_documents

UPSTREAMS = {service: f"http://{service}:8000" for service in PATHS}


@pytest.fixture(scope="module")
def routes() -> Routes:
    return Routes({service: document(service, paths) for service, paths in PATHS.items()}, UPSTREAMS)


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v1/requests", "intake"),
        ("/v1/requests/", "intake"),
        ("/v1/requests/a/b/c", "intake"),
        ("/v1/requests:validate", "intake"),
        ("/v1/categories/bags", "intake"),
        ("/v1/work", "routing"),
        ("/webhooks/vendors/studio/files/abc", "assets"),
        ("/iiif/3/abc/pct:0,0,5,5/!9,9/0/default.jpg", "assets"),
        ("/webhooks/destinations/shop", "assets"),
        ("/v1/links/abc", "assets"),
    ],
)
def test_the_first_two_segments_decide(routes: Routes, path: str, service: str) -> None:
    route = routes.match(path.encode())
    assert route.service == service
    assert route.base_url == UPSTREAMS[service]
    assert route.is_signed == path.startswith(("/webhooks/", "/v1/links/"))


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/",
        "/v1/requestsx",
        "/v1/request",
        "/v1/request:validate",
        "/v1:requests",
        "/V1/requests",
        "/iiif",
        "/iiif/2/abc/info.json",
        "/requests",
        "x",
    ],
)
def test_other_paths_are_unknown(routes: Routes, path: str) -> None:
    with pytest.raises(NotFound):
        routes.match(path.encode())


def test_close_paths_are_named(routes: Routes) -> None:
    problem = routes.unknown(b"/v1/reviewz/7")
    assert problem.extensions["did_you_mean"][0] == "/v1/reviews"
    assert "/v1/reviews" in problem.detail
    assert routes.unknown(b"/doc").extensions["did_you_mean"] == ["/docs"]


def test_two_services_can_not_have_one_prefix() -> None:
    same = {"/v1/requests/{id}": ["get"]}
    with pytest.raises(ValueError, match="/v1/requests belongs to two services: intake and qc"):
        Routes({"intake": document("a", same), "qc": document("b", same)}, UPSTREAMS)


def test_a_service_without_an_address_is_noticed_at_the_start() -> None:
    with pytest.raises(ValueError, match="no address for intake"):
        Routes({"intake": document("a", {"/v1/requests": ["get"]})}, {"qc": "http://qc"})


@pytest.mark.parametrize(
    "path",
    ["/health/ready", "/metrics", "/iiif/{id}", "/iiif/x/3", "/v1/{id}/x", "/internal/v1/x", "v1/requests", "/v1"],
)
def test_a_service_can_not_publish_what_is_internal(path: str) -> None:
    with pytest.raises(ValueError, match="is not below"):
        Routes({"intake": document("a", {path: ["get"]})}, UPSTREAMS)


@pytest.mark.parametrize("url", ["intake:8000", "ftp://intake", "http://intake/base", "http://a@b", "http:/x", ""])
def test_an_upstream_is_a_base_url(url: str) -> None:
    with pytest.raises(ValueError, match="is not like"):
        GatewaySettings(jwks="x", upstreams={"intake": url})


def test_documents_are_read_from_the_services_package_or_a_folder(tmp_path: Path) -> None:
    assert sorted(load_documents(write_documents(tmp_path / "some"))) == sorted(PATHS)
    services = Path(__file__).parents[2] / "services"
    committed = {path.parent.name: json.loads(path.read_bytes()) for path in services.glob("*/openapi.json")}
    assert load_documents() == committed


def test_the_committed_documents_make_a_table() -> None:
    """Of all services that have one so far."""
    documents = load_documents()
    settings = GatewaySettings(jwks="none", upstreams=dict.fromkeys(documents, "http://127.0.0.1:1"))
    create_app(settings)
    routes = Routes(documents, settings.upstreams)
    for service, one in documents.items():
        for path in one["paths"]:
            assert routes.match(path.encode()).service == service


@pytest.mark.parametrize(
    "path",
    ["/v1/requests", "/v1/requests/", "/a/b%20c", "/a/~b!$&'()*+,;=:@-._", "/a/.b/b..c/...", "/a/%25%2Bx", "/a/%C3%A9"],
)
def test_plain_paths_pass(path: str) -> None:
    check_path(path.encode())


@pytest.mark.parametrize(
    "path",
    ["", "a", "//", "/a//b", "/.", "/..", "/a/./b", "/a/%2E%2e", "/a/.%2e/b", "/a%2fb", "/a%5Cb", "/a\\b", "/%00",
     "/%0a", "/%1f", "/%7f", "/%", "/%4", "/%zz", "/é", "/a b", "/<", '/"', "/a?b", "/a#b", "/[", "/{a}", "/a|b", "/^"],
)  # fmt: skip
def test_tricks_do_not(path: str) -> None:
    with pytest.raises(BadPath):
        check_path(path.encode())


def test_long_paths_do_not() -> None:
    with pytest.raises(PathTooLong):
        check_path(b"/" + b"x" * 8192)


def test_no_path_takes_long_to_refuse() -> None:
    """A pattern that backtracks would need longer than the universe is old for one of these."""
    for path in (b"/" + b"a" * 8000 + b"<", b"/a" * 4000 + b"<", b"/" + b"%41" * 2600 + b"%", b"/a%41" * 1600 + b"//"):
        with pytest.raises(BadPath):
            check_path(path)


PARTS = [
    "/",
    "//",
    ".",
    "..",
    "%2e",
    "%2E",
    "%2f",
    "%2F",
    "%5c",
    "\\",
    "%00",
    "%0a",
    "%7F",
    "%25",
    "%252e",
    "a",
    ";",
    "%",
]


@given(st.one_of(st.lists(st.sampled_from(PARTS)).map("".join), st.text(max_size=20)))
def test_what_passes_means_the_same_to_everyone(path: str) -> None:
    """However a service decodes it: no empty segment, no step up, no other separator, nothing unprintable."""
    raw = path.encode()
    try:
        check_path(raw)
    except BadPath:
        return
    assert raw.isascii()
    segments = raw.removesuffix(b"/").split(b"/")[1:]
    for segment in segments:
        decoded = unquote_to_bytes(segment)
        assert decoded not in (b"", b".", b"..")
        assert not set(decoded) & {*b"/\\", 0x7F, *range(0x20)}
