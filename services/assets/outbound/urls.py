"""URLs that others give, refused with their place."""

from chassis.problems import FieldError, Invalid
from services.assets.outbound.client import Outside


def url_faults(outside: Outside, url: str, pointer: str) -> list[FieldError]:
    """What is wrong with the URL at the pointer; where it leads is looked at when it is called."""
    problem = outside.url_problem(url)
    if problem is None:
        return []
    return [FieldError(pointer=pointer, detail=problem, remedy="Send a URL such as https://studio.example/file.jpg.")]


def require_url(outside: Outside, url: str, pointer: str) -> None:
    """Raises `Invalid`."""
    if faults := url_faults(outside, url, pointer):
        raise Invalid("1 field is wrong; `errors` names each.", errors=faults)
