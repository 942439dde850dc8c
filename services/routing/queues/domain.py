"""What one person may take from one queue. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from contracts.values import Role, Step, WorkItem
from services.routing.queues.schemas import Lane, Queue
from services.routing.tracks.schemas import Level

_LEVELS = tuple(Level)

# The studio step of AI work: it is generated there, where other work is photographed.
GENERATING = "generating"
TASKS = (Step.STUDIO, GENERATING, Step.RETOUCHING, Step.DELIVERY)

# What each role is offered (R45): the steps that it does. Directors and vendors do all.
DOES: Mapping[str, tuple[str, ...]] = {
    Role.PHOTOGRAPHER: (Step.STUDIO, GENERATING),
    Role.STUDIO_MANAGER: (Step.STUDIO, GENERATING),
    Role.RETOUCHER: (Step.RETOUCHING, Step.DELIVERY),
    Role.RETOUCHING_LEAD: (Step.RETOUCHING, Step.DELIVERY),
    Role.AI_WORKFLOW_OWNER: (GENERATING, Step.RETOUCHING),
    Role.ASSET_MANAGER: (Step.RETOUCHING, Step.DELIVERY),  # what it sends back for its name or label is exported anew
    Role.PRODUCER: TASKS,
    Role.VENDOR: TASKS,
}


def task_of(step: str, *, ai: bool) -> str:
    """What is to be done with work in this step."""
    return GENERATING if ai and step == Step.STUDIO else step


def tasks_of(roles: Iterable[str], step: Step | None = None) -> tuple[str, ...]:
    """What someone is offered: the step that they ask for, whatever their role, or what their roles do."""
    if step is not None:
        return (step, GENERATING) if step is Step.STUDIO else (step,)
    done = {task for role in roles for task in DOES.get(role, ())}
    return tuple(task for task in TASKS if task in done)


@dataclass(frozen=True)
class Limits:
    """What a person's record limits: None: any team, any level, either lane. Who has no record has no such limits.
    `tasks`: what they are offered; None: anything."""

    teams: tuple[str, ...] | None = None
    level: Level | None = None
    lane: Lane | None = None
    tasks: tuple[str, ...] | None = None

    def levels(self) -> list[str] | None:
        """The levels that work may ask for; None: any."""
        return None if self.level is None else [*_LEVELS[: _LEVELS.index(self.level) + 1]]

    def keeps_out_of(self, queue: Queue) -> bool:
        """Whether it is another lane's."""
        return self.lane is not None and self.lane is not queue.lane

    def why_not(self, work: WorkItem) -> str | None:
        """Why it isn't for this person, in words; None when it is."""
        if work.team is not None and self.teams is not None and work.team not in self.teams:
            return f"it is for the team {work.team}, and yours: {_listed(self.teams)}"
        levels = self.levels()
        if work.level is not None and levels is not None and work.level not in levels:
            return f"it asks for the level {work.level}, and you are {self.level}"
        return None


@dataclass(frozen=True)
class Offer:
    """A kind of work that waits in a queue: for which team (None: any), of which level (None: any), what is to be
    done."""

    team: str | None
    level: str | None
    task: str


def why_nothing(limits: Limits, offers: Sequence[Offer]) -> tuple[str, str]:
    """Why someone gets none of the kinds of work that wait: a word for programs, and a sentence."""
    if not offers:
        return "nothing_waits", "Nothing waits in it."
    teams = [offer for offer in offers if limits.teams is None or offer.team is None or offer.team in limits.teams]
    if not teams:
        wanted = _listed(sorted({str(offer.team) for offer in offers}))
        return "other_teams", f"What waits is for other teams: {wanted}. Yours: {_listed(limits.teams or ())}."
    levels = limits.levels()
    able = [offer for offer in teams if levels is None or offer.level is None or offer.level in levels]
    if not able:
        wanted = _listed(sorted({str(offer.level) for offer in teams}))
        return "higher_level", f"What waits asks for another level: {wanted}. Yours: {limits.level}."
    if limits.tasks is not None and not {offer.task for offer in able} & set(limits.tasks):
        wanted = _listed([task for task in TASKS if task in {offer.task for offer in able}])
        return "other_steps", (
            f"What waits for you is in another step: {wanted}. You were looking for: {_listed(limits.tasks)}. Send"
            " `step` to take work of a step that isn't your role's."
        )
    return "being_taken", "Others are taking what waits at this moment. Ask again."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
