"""What keeps a claim, or a decision without one, from counting."""

from typing import Any

from chassis.problems import Conflict
from services.qc.reviews.domain import Lease


class HeldByAnother(Conflict):
    """Someone else's lease is still running."""

    slug, title = "held-by-another", "Another person holds it"

    def __init__(self, lease: Lease) -> None:
        until = lease.until.isoformat(timespec="seconds")
        told = f"{lease.claimed_by} holds it until {until}. Wait, or take another one."
        super().__init__(told, claimed_by=lease.claimed_by, lease_until=lease.until.isoformat())


class LeaseLost(Conflict):
    """The lease that was named is over: by time, by a decision, or given back."""

    slug, title = "lease-lost", "Your lease is over"

    def __init__(self, lease: Lease | None) -> None:
        """`lease`: who holds it now."""
        told = f"{lease.claimed_by} holds it now" if lease else "nobody holds it now"
        super().__init__(
            f"The lease that you name is over or not yours; {told}. Read it again, and claim it if it is still open.",
            claimed_by=lease.claimed_by if lease else None,
            lease_until=lease.until.isoformat() if lease else None,
        )


class NothingToClaim(Conflict):
    """Nothing for this person at this moment; `reason` says why."""

    title = "Nothing to claim"

    def __init__(self, detail: str, **extensions: Any) -> None:
        super().__init__(detail, **extensions)
