"""Value types that the events of several producers share. The words are the glossary's (ARCHITECTURE.md)."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.envelope import Value

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the bytes, lower-case hex.")]


class Role(StrEnum):
    """What a person or system may be (R26–R34)."""

    CREATIVE_OPS_MANAGER = "creative_ops_manager"
    PRODUCER = "producer"
    CREATIVE_DIRECTOR = "creative_director"
    STUDIO_MANAGER = "studio_manager"
    RETOUCHING_LEAD = "retouching_lead"
    QC_LEAD = "qc_lead"
    ASSET_MANAGER = "asset_manager"
    AI_WORKFLOW_OWNER = "ai_workflow_owner"
    MERCHANDISER = "merchandiser"
    PHOTOGRAPHER = "photographer"
    RETOUCHER = "retoucher"
    VENDOR = "vendor"
    APPROVAL_OWNER = "approval_owner"
    REVIEWER = "reviewer"


class Domain(StrEnum):
    """A decision domain: what exactly one role decides (R25)."""

    INTAKE_STANDARD = "intake_standard"
    SLA_AND_EXCEPTIONS = "sla_and_exceptions"
    SCHEDULE_AND_VENDORS = "schedule_and_vendors"
    CAPTURE = "capture"
    FIT_REPRESENTATION = "fit_representation"
    BRAND_LOOK = "brand_look"
    PIXEL_STANDARD = "pixel_standard"
    PASS_FAIL = "pass_fail"
    FILES_AND_RIGHTS = "files_and_rights"
    AI_USE = "ai_use"
    GO_LIVE = "go_live"


class Gate(StrEnum):
    """The four review gates, in their fixed order (R48–R52)."""

    TECHNICAL = "technical"
    STYLING_FIT = "styling_fit"
    BRAND_MERCH = "brand_merch"
    FINAL_QC = "final_qc"


class ComplexityClass(StrEnum):
    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class WorkKind(StrEnum):
    """A shot is SKU × colorway × view; a variant is a shot's output for one channel."""

    SHOT = "shot"
    VARIANT = "variant"


class WorkState(StrEnum):
    WAITING = "waiting"  # a variant whose master is not approved yet
    READY = "ready"  # in its queue, for anyone who may do it
    CLAIMED = "claimed"  # held by one person, by a lease
    IN_REVIEW = "in_review"  # a version is at the gates
    BLOCKED = "blocked"  # the clock stands still
    APPROVED = "approved"
    CANCELLED = "cancelled"


class Risk(StrEnum):
    """Where the SLA stands."""

    ON_TIME = "on_time"
    AT_RISK = "at_risk"
    BREACHED = "breached"


class Zone(StrEnum):
    """A file's zone is its status (R64)."""

    RAW = "raw"
    SELECTS = "selects"
    WIP = "wip"
    FINAL = "final"
    ARCHIVE = "archive"


class VersionSource(StrEnum):
    UPLOAD = "upload"
    VENDOR = "vendor"
    RENDER = "render"


class Outcome(StrEnum):
    """A decision is binary (R46)."""

    PASS = "pass"
    FAIL = "fail"


class MeasurementOutcome(StrEnum):
    PASS = "pass"
    FLAG = "flag"
    FAIL = "fail"
    CANNOT_MEASURE = "cannot_measure"


class ImageSpec(Value):
    """What a file must be, as numbers that a machine can check. Sizes in pixels after EXIF orientation."""

    formats: list[str] = Field(default=["jpeg", "png", "tiff"], description="Accepted formats, lower case.")
    min_width: int = Field(default=1, ge=1)
    min_height: int = Field(default=1, ge=1)
    max_width: int | None = Field(default=None, ge=1)
    max_height: int | None = Field(default=None, ge=1)
    min_longest_side: int | None = Field(default=None, ge=1)
    max_longest_side: int | None = Field(default=None, ge=1)
    aspect: float | None = Field(default=None, gt=0, description="Width over height, ±0.5 %.")
    max_bytes: int | None = Field(default=None, ge=1)
    bits: int = Field(default=8, description="Bits a channel.")
    alpha_allowed: bool = False
    deliverable: bool = Field(default=True, description="False for a capture: what can still be corrected is flagged.")
    focus_required: bool = Field(
        default=True, description="False for a variant: its focus is its master's, which was approved. Only flagged."
    )
    white_background: bool = False
    min_fill: float | None = Field(
        default=None, ge=0, le=1, description="Least share of the frame's width or height that the subject's box takes."
    )
    max_fill: float | None = Field(default=None, ge=0, le=1)


class AiUse(Value):
    """What AI is asked to do, and under which conditions (R18)."""

    use: str = Field(description="A use that the AI policy names, such as `model_shot_from_flat_lay`.")
    human_review: bool = Field(description="A person signs off every output (R72).")
    source_image: str | None = None
    target_model_type: str | None = None
    pose: str | None = None
    styling_constraints: str | None = None
    anatomy_risk: str | None = None


class ShotPlan(Value):
    """One shot that an accepted request asks for."""

    colorway: str
    view: str
    spec: ImageSpec


class Waiver(Value):
    """A view of the recipe that this request does without, and why."""

    view: str
    colorway: str | None = Field(default=None, description="None: for every colorway.")
    cause: str


class Request(Value):
    """An accepted brief, complete: everything that production must know."""

    id: UUID
    sku: str
    product_name: str
    category: str
    category_version: int = Field(description="The version of the category pack that it was accepted under.")
    materials: list[str]
    use: str = Field(description="Intended use: catalog, campaign, marketplace, social, email, experiment.")
    colorways: list[str]
    shots: list[ShotPlan]
    waivers: list[Waiver]
    channels: list[str]
    attributes: dict[str, str | bool | int | list[str]] = Field(description="The category's own fields.")
    ai: AiUse | None
    references: list[str]
    priority: Priority
    deadline: AwareDatetime | None
    approval_owner: str
    proposed_class: ComplexityClass | None
    proposed_track: str | None
    requested_by: str
    received_at: AwareDatetime
    accepted_at: AwareDatetime | None


class WorkItem(Value):
    """A shot or a variant as routing tracks it: the one source of truth for its status."""

    id: UUID
    kind: WorkKind
    request_id: UUID
    parent_id: UUID | None = Field(description="A variant's shot.")
    sku: str
    product_name: str
    category: str
    materials: list[str]
    colorway: str
    view: str
    channel: str | None = Field(description="None for a shot: its output is the master.")
    spec: ImageSpec = Field(description="What the shot's file must be; a variant must meet its channel pack as well.")
    complexity_class: ComplexityClass
    track: str
    queue: str
    owner_role: Role
    priority: Priority
    gates: list[Gate]
    final_reviewers: int = Field(ge=1, description="Different people who must pass the final gate.")
    zoom_required: bool = Field(description="A pass needs an inspection at 100 % zoom (R54).")
    ai: bool
    state: WorkState
    round: int = Field(ge=0, description="Rounds of rework so far.")
    returns_to: str | None = Field(description="Where the last fail sent it.")
    claimed_by: str | None
    lease_until: AwareDatetime | None
    due_at: AwareDatetime | None
    risk: Risk
    approval_owner: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    approved_at: AwareDatetime | None


class Measurement(Value):
    """One automatic check of one file: the numbers and what they mean."""

    check: str = Field(pattern=r"^[A-Z]\d{2}$", examples=["T09"])
    name: str
    gate: Gate
    outcome: MeasurementOutcome
    value: float | None
    unit: str
    threshold: str = Field(description="The bound that decided, in words: `≤ 3.5 px`.")
    detail: str = Field(description="What was found, for the person who must fix it.")
    algorithm: str = Field(description="Version of the algorithm, such as `focus/1`.")
    scale: float = Field(default=1.0, gt=0, description="Pixels measured per pixel of the file, along a side.")
    confidence: float | None = Field(default=None, ge=0, le=1, description="Of the subject's mask, where it was used.")
