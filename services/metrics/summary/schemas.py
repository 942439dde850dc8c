"""The figures as the API shows them. The same figures are in the Prometheus exposition, from the same tables."""

from pydantic import BaseModel, Field

Counts = dict[str, int]


class Requests(BaseModel):
    by_state: Counts = Field(description="Requests by the state that they are in.")
    returns: int = Field(description="Times that a request was returned for clarification.")


class Work(BaseModel):
    by_kind_and_state: dict[str, Counts] = Field(examples=[{"shot": {"approved": 146}}])


class Sla(BaseModel):
    """Of work that has a due time and isn't cancelled."""

    hit: int = Field(description="Approved in time.")
    missed: int = Field(description="Approved late, or still open after its due time.")
    at_risk: int = Field(description="Still open, and most of its time is gone.")
    hit_rate: float | None = Field(description="hit ÷ (hit + missed); null while there is neither.")


class Escalations(BaseModel):
    """Rungs of its track's ladder that work has climbed, open or not."""

    by_rung: Counts = Field(examples=[{"at_risk": 12, "breach": 3, "breach+8h": 1}])
    by_track: Counts


class FirstPass(BaseModel):
    """R81. Shown with rework, never alone (R89)."""

    approved: int
    first_pass: int = Field(description="Approved without a round of rework.")
    rate: float | None


class Rework(BaseModel):
    items: int = Field(description="Work items that were sent back at least once.")
    rounds: int = Field(description="Times that work was sent back.")
    by_reason: Counts = Field(description="Rounds by reason of the taxonomy; a round may have several.")
    by_facet: Counts = Field(description="Rounds by the rework reasons of R84.")
    escapes: Counts = Field(description="Rounds by reasons that an earlier gate should have found.")


class Rejections(BaseModel):
    by_gate: Counts
    automatic_passes: int = Field(description="Gates that passed by measurement alone.")
    decisions: dict[str, Counts] = Field(description="All decisions by gate and outcome.")


class AiRejections(BaseModel):
    by_reason: Counts = Field(description="Fails of AI work by the rejection reasons of R77.")


class Files(BaseModel):
    versions_by_source: Counts
    delivered: Counts = Field(description="Files of vendors' deliveries: accepted and quarantined.")


class Interval(BaseModel):
    """How long it took, over all that have gone through it."""

    count: int
    p50_hours: float
    p90_hours: float
    spread_hours: float = Field(description="Between the quarter that was fastest and the quarter that was slowest.")


class Publications(BaseModel):
    """Versions at destinations."""

    by_state: Counts = Field(examples=[{"live": 120, "sent": 3}])
    by_destination: dict[str, Counts]
    intervals: dict[str, Interval] = Field(
        description="`approval_to_upload`, `upload_to_live`, and `request_to_live` from the request to the first time"
        " that the destination showed it. One that nothing has gone through is missing."
    )


class Share(BaseModel):
    """One row of a breakdown."""

    approved: int
    first_pass: int
    sla_hit: int
    sla_missed: int
    rework_rounds: int


class Summary(BaseModel):
    requests: Requests
    work: Work
    sla: Sla
    escalations: Escalations
    first_pass: FirstPass
    rework: Rework
    rejections: Rejections
    ai_rejections: AiRejections
    files: Files
    publications: Publications
    by_category: dict[str, Share]
    by_track: dict[str, Share]
    by_channel: dict[str, Share]
