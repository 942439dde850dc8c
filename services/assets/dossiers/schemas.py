"""A dossier: what proves of one final how it was asked for, made, measured and decided."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.assets import Version
from contracts.qc import Decision, InspectionCompleted
from contracts.values import Request, WorkItem
from services.assets.rights.schemas import RightsAnswer

FORMAT: Literal[1] = 1


class DossierDecision(BaseModel):
    """A decision on any round of the work item."""

    decision: Decision
    passed: bool = Field(description="It closed its gate; false for a fail, or where another reviewer had to pass it.")
    superseded: bool = Field(description="Another decision took its place.")
    ai_facets: list[str]


class FileRecord(BaseModel):
    """How one file came to be approved."""

    version: Version
    work: WorkItem = Field(description="As it was when it was approved.")
    rounds: list[Version] = Field(description="Every version of the work item, in order, this one among them.")
    inspection: InspectionCompleted = Field(description="What was measured of this very file.")
    decisions: list[DossierDecision] = Field(description="All, in the order they were made.")


class Dossier(BaseModel):
    """The signed content."""

    model_config = ConfigDict(extra="ignore")

    dossier: Literal[1] = Field(default=FORMAT, description="The format's version.")
    issued_at: AwareDatetime
    final: FileRecord
    master: FileRecord | None = Field(description="Of a rendered variant: the final that it was made from.")
    request: Request = Field(description="What was asked for, with AI's part in it.")
    rights: RightsAnswer = Field(description="Whether it might be used for its channel when the dossier was issued.")


class SignedDossier(BaseModel):
    """A JSON Web Signature in its flattened form (RFC 7515, section 7.2.2); the payload is a `Dossier`."""

    payload: str
    protected: str
    signature: str


class PublicKey(BaseModel):
    """A JSON Web Key (RFC 8037)."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class PublicKeys(BaseModel):
    """A JSON Web Key Set, to check dossiers with. Keep it: dossiers are checked without this server."""

    keys: list[PublicKey]
