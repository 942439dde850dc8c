"""Decision domains as the API shows and takes them."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.values import Domain, Role


class DomainEntry(BaseModel):
    """One domain, and the one role that decides in it."""

    model_config = ConfigDict(extra="forbid")

    domain: Domain
    decides: str = Field(min_length=1, max_length=500, description="What is decided here, in words.")
    owner_role: Role


class DecisionDomains(BaseModel):
    """All domains. Each appears exactly once: a decision without an owner, or with two, is nobody's."""

    model_config = ConfigDict(extra="forbid")

    domains: list[DomainEntry]

    @model_validator(mode="after")
    def every_domain_once(self) -> Self:
        named = [entry.domain for entry in self.domains]
        missing = sorted(set(Domain) - set(named))
        doubled = sorted({domain for domain in named if named.count(domain) > 1})
        if missing or doubled:
            raise ValueError(
                f"each domain needs exactly one owner; missing: {missing or '-'}, doubled: {doubled or '-'}"
            )
        return self


class PublishedDomains(DecisionDomains):
    version: int
