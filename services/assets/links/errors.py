"""Why a link does not open."""

from chassis.problems import NotFound, Problem


class NoSuchLink(NotFound):
    """Unknown and forged alike, so that nothing can be learnt by trying."""

    slug = "no-such-link"

    def __init__(self) -> None:
        super().__init__("There is no such link. Check that its address is whole, to the last character.")


class LinkOver(Problem):
    status, slug, title = 410, "link-over", "No longer open"
