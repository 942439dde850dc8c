"""A vendor's books as the API shows them."""

from pydantic import AwareDatetime, BaseModel, Field

from services.assets.deliveries.schemas import UploadedFile

MOST_SHOWN = 200
"""Of each list; its number beside it counts all."""


class CountedDeliveries(BaseModel):
    received: int
    decided: int
    waiting: int = Field(description="Files of them wait to be fetched.")
    repeats: int = Field(description="How often one of their messages came again, and changed nothing.")


class CountedFiles(BaseModel):
    """Named by the deliveries: each is accepted, quarantined or waiting."""

    named: int
    accepted: int
    quarantined: int
    waiting: int
    quarantined_by: dict[str, int] = Field(
        description="By each file's first code, so that they sum up; `unknown` where it is older than the codes.",
        examples=[{"not_an_image": 2}],
    )


class CountedUploads(BaseModel):
    """Files whose bytes came in this time, by upload or by fetching."""

    received: int
    never_named: int = Field(description="By no delivery, of whatever time.")
    unnamed: list[UploadedFile] = Field(description=f"Those, the oldest {MOST_SHOWN}.")


class Numbers(BaseModel):
    """Numbers that follow each other."""

    first: int
    last: int


class DoubledNumber(BaseModel):
    number: int
    deliveries: int


class OwnNumbers(BaseModel):
    """The vendor's own numbers of its deliveries."""

    lowest: int | None
    highest: int | None
    missing: int = Field(
        description="Numbers between one of these deliveries and the next lower that ever came: those never came."
    )
    gaps: list[Numbers] = Field(description=f"Those, the lowest {MOST_SHOWN} gaps.")
    doubled: list[DoubledNumber] = Field(
        description=f"Numbers of these deliveries that several have, the lowest {MOST_SHOWN}."
    )


class Books(BaseModel):
    """What a vendor sent in a time, and what became of it. `since` is in, `until` is not."""

    vendor: str
    since: AwareDatetime
    until: AwareDatetime
    deliveries: CountedDeliveries
    files: CountedFiles
    uploads: CountedUploads
    sequence: OwnNumbers
