"""The people of a run: each has a name, one role, and a token of the local issuer."""

from dataclasses import dataclass

from chassis.issuer import LocalIssuer
from packshot.play.api import Api

# Two of each role that decides at a gate: some gates need two different people.
PEOPLE = {
    "merchandiser": ("Mina", "Marek"),
    "producer": ("Pia",),
    "photographer": ("Femi",),
    "ai_workflow_owner": ("Aiko",),
    "retoucher": ("Rosa",),
    "studio_manager": ("Stan", "Sora"),
    "creative_director": ("Cleo", "Cem"),
    "qc_lead": ("Quinn", "Quentin"),
    "asset_manager": ("Ada",),
}


@dataclass(frozen=True)
class Person:
    name: str
    role: str
    api: Api


class Cast:
    """Everyone who takes part, by role."""

    def __init__(self, issuer: LocalIssuer, api: Api) -> None:
        self._people = {
            role: [Person(name, role, api.with_token(issuer.token(role, subject=name, name=name))) for name in names]
            for role, names in PEOPLE.items()
        }

    def one(self, role: str) -> Person:
        return self._people[role][0]

    def all_of(self, role: str) -> list[Person]:
        return self._people[role]
