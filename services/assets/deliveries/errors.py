"""Why a vendor's message is refused as a whole."""

from chassis.problems import Conflict, Problem


class BadSignature(Problem):
    """One answer for every cause, so that it tells nothing about vendors or secrets."""

    status, slug, title = 401, "bad-signature", "The signature is refused"

    def __init__(self) -> None:
        super().__init__(
            "Sign by the Standard Webhooks scheme with your current secret: `webhook-id`, `webhook-timestamp` (at most "
            "5 minutes off) and `webhook-signature` over exactly what is sent. A body is JSON in UTF-8: other bytes "
            "have no signature."
        )


class WebhookIdUsed(Conflict):
    slug = "webhook-id-used"

    def __init__(self) -> None:
        super().__init__("This `webhook-id` was used for another delivery. Use a new id for a new delivery.")
