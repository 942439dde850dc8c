"""Why an image request is not answered, by the status codes of the IIIF Image API 3.0 (section 7.3)."""

from chassis.problems import NotFound, Problem


class BadImageRequest(Problem):
    """A parameter isn't of the API's syntax, isn't supported, or asks for what this image doesn't have."""

    status, slug, title = 400, "bad-image-request", "Not an image request that can be answered"


class UpscalingAsked(Problem):
    """Valid, and not implemented: no pixels are made up here."""

    status, slug, title = 501, "upscaling", "Images are not enlarged"


class NoSuchImage(NotFound):
    """No version and no colour reference has this hash."""

    slug = "no-such-image"

    def __init__(self) -> None:
        super().__init__("No version and no colour reference has this SHA-256.")


class CannotBeShown(Problem):
    """The file is kept, but there are no pixels to be had of it."""

    status, slug, title = 422, "cannot-be-shown", "This file can't be shown"


class TooBusy(Problem):
    """More is asked for at once than is made at once."""

    status, slug, title = 503, "too-busy", "Not at once"

    def __init__(self, detail: str, retry_seconds: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_seconds)})
