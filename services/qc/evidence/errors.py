"""What can go wrong with an overlay's bytes."""

from chassis.problems import Problem


class OverlayMissing(Problem):
    """It is on record, and not in the store. Never the caller's fault."""

    status, slug, title = 500, "file-missing", "Our fault"
