"""HTTP for images: the IIIF Image API 3.0, level 2. An image's identifier is its file's SHA-256."""

import hashlib
from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.routing import APIRoute

from chassis.auth import AnyCaller
from chassis.etags import names_etag
from chassis.problems import Problem, documented
from services.assets.dependencies import TransactionsHere
from services.assets.iiif.domain import MEDIA_TYPES, View, parse
from services.assets.iiif.pyramid import FORM
from services.assets.iiif.schemas import CONTEXT, PROFILE, ImageInformation, information
from services.assets.iiif.service import Images

# Any origin may read what a caller's token opens: no cookie opens it, so a foreign page has to have the token itself.
# `Vary` keeps a browser from giving that page, which has none, what it keeps for one that had.
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ETag, Link, Retry-After, X-Request-ID"}
_PREFLIGHT = {
    **CORS,
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, If-None-Match",
    "Access-Control-Max-Age": "86400",
}
_PROFILE_LINK = f'<{PROFILE}>;rel="profile"'
_JSON_LD = f'application/ld+json;profile="{CONTEXT}"'
_INFORMATION_SECONDS = 3600  # it tells limits, which are settings


class _OpenToBrowsers(APIRoute):
    """Refusals may be read from another origin, too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_and_mark(request: Request) -> Response:
            try:
                return await handle(request)
            except Problem as problem:
                problem.headers |= CORS
                raise

        return handle_and_mark


router = APIRouter(prefix="/iiif/3", tags=["images"], route_class=_OpenToBrowsers)


def _images(request: Request) -> Images:
    images: Images = request.app.state.images
    return images


ImagesHere = Annotated[Images, Depends(_images)]
Identifier = Annotated[str, Path(description="SHA-256 of a version's or a colour reference's file.")]
KnownEtag = Annotated[str | None, Header(alias="If-None-Match")]

_AT = "/{identifier}"
_AT_INFORMATION = f"{_AT}/info.json"
_AT_IMAGE = f"{_AT}/{{region}}/{{size}}/{{rotation}}/{{quality_and_format}}"

_REFUSALS = documented(
    {
        400: "A parameter is wrong, isn't supported, or asks for what the image doesn't have.",
        404: "No version and no colour reference has this hash.",
        422: "The file can't be decoded.",
        501: "`^` would enlarge the region.",
        503: "Too much is asked for at once, or the image is being made ready; try again after `Retry-After` seconds.",
    }
)
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_IMAGE: dict[int | str, dict[str, Any]] = {
    **_REFUSALS,
    200: {"content": dict.fromkeys(MEDIA_TYPES.values(), _BINARY), "description": "The image, in sRGB."},
    304: {"description": "It is the one that `If-None-Match` names."},
}
_INFORMATION: dict[int | str, dict[str, Any]] = {
    **_REFUSALS,
    200: {"model": ImageInformation, "content": {"application/ld+json": {}}, "description": "What the image is."},
    304: {"description": "It is what `If-None-Match` names."},
}


@router.get(_AT, status_code=303, summary="Where an image is described", response_class=Response,
            responses={303: {"description": "At `Location`."}})  # fmt: skip
async def redirect_to_information(caller: AnyCaller, identifier: Identifier) -> Response:
    """To its `info.json`."""
    return Response(status_code=303, headers={"Location": f"/iiif/3/{quote(identifier, safe='')}/info.json", **CORS})


@router.get(_AT_INFORMATION, summary="Describe an image (IIIF)", response_class=Response,
            responses=_INFORMATION)  # fmt: skip
async def read_image_information(
    request: Request,
    caller: AnyCaller,
    transactions: TransactionsHere,
    images: ImagesHere,
    identifier: Identifier,
    accept: Annotated[str | None, Header()] = None,
    if_none_match: KnownEtag = None,
) -> Response:
    """Its size, upright, and what can be asked for: JSON-LD, or plain JSON where `Accept` asks for that alone."""
    pyramid = await images.find(transactions, identifier)
    known = information(pyramid, _address(request, identifier), images.limits)
    body = known.model_dump_json(by_alias=True).encode()
    media_type = "application/json" if _wants_plain_json(accept) else _JSON_LD
    headers = {
        **CORS,
        "ETag": f'"{hashlib.sha256(body + media_type.encode()).hexdigest()[:32]}"',
        "Cache-Control": f"private, max-age={_INFORMATION_SECONDS}",
        "Vary": "Accept, Authorization",
        "Link": _PROFILE_LINK,
    }
    if names_etag(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


@router.get(_AT_IMAGE, summary="Read a view of an image (IIIF)",
            response_class=Response, responses=_IMAGE)  # fmt: skip
async def read_image(
    request: Request,
    caller: AnyCaller,
    transactions: TransactionsHere,
    images: ImagesHere,
    identifier: Identifier,
    region: Annotated[str, Path(description="`full`, `square`, `x,y,w,h` or `pct:x,y,w,h`.")],
    size: Annotated[str, Path(description="`max`, `w,`, `,h`, `w,h`, `!w,h` or `pct:n`.")],
    rotation: Annotated[str, Path(description="Degrees clockwise, by quarters; `!` before it mirrors.")],
    quality_and_format: Annotated[str, Path(description="`default`, `color` or `gray`; `.jpg` or `.png`.")],
    if_none_match: KnownEtag = None,
) -> Response:
    """A part of the image, scaled, turned, in sRGB. What `info.json` calls tiles is sent as it is stored."""
    wanted = parse(region, size, rotation, quality_and_format)
    pyramid = await images.find(transactions, identifier)
    view = wanted.of(pyramid.width, pyramid.height, images.limits)
    headers = {
        **CORS,
        "ETag": _etag(identifier, view),
        "Cache-Control": "private, max-age=31536000, immutable",
        "Vary": "Authorization",
        "Link": f'{_PROFILE_LINK}, <{_address(request, identifier)}/{view.canonical}>;rel="canonical"',
        "X-Content-Type-Options": "nosniff",
    }
    if names_etag(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    content = await images.content(identifier, pyramid, view)
    return Response(content, headers=headers, media_type=MEDIA_TYPES[view.format])


async def answer_preflight() -> Response:
    """A browser asks without a token whether a page may ask with one."""
    return Response(status_code=204, headers=_PREFLIGHT)


router.head(_AT_INFORMATION, include_in_schema=False)(read_image_information)
router.head(_AT_IMAGE, include_in_schema=False)(read_image)
for _path in (_AT, _AT_INFORMATION, _AT_IMAGE):
    router.options(_path, include_in_schema=False)(answer_preflight)


def _address(request: Request, identifier: str) -> str:
    """As whoever asks sees it: the gateway says how it was called."""
    scheme = request.headers.get("x-forwarded-proto") or request.url.scheme
    host = request.headers.get("x-forwarded-host") or request.headers.get("host", "")
    return f"{scheme}://{host}/iiif/3/{identifier}"


def _etag(identifier: str, view: View) -> str:
    what = f"{FORM} {identifier} {view.width},{view.height} {view.canonical}"
    return f'"{hashlib.sha256(what.encode()).hexdigest()[:32]}"'


def _wants_plain_json(accept: str | None) -> bool:
    """Whether JSON is named, and JSON-LD isn't."""
    named = "" if accept is None else accept.lower()
    return "application/json" in named and "application/ld+json" not in named
