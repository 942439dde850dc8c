"""What all rules share: the services, the model, and how one is compared with the other after each step."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from inspect import getmembers
from random import Random
from typing import Any, TypeVar

import httpx

from chassis.clock import clock
from tests.together import invariants
from tests.together.model import PERSON, Item, Request
from tests.together.world import World

T = TypeVar("T")

which = range(100)
"""Which of those that there are."""


def chosen(among: list[T], pick: int) -> T:
    return among[pick % len(among)]


def rule(**drawn: Sequence[Any]) -> Callable[[T], T]:
    """Something that can happen. Its arguments are drawn from these."""

    def marked(act: T) -> T:
        act.drawn = drawn  # type: ignore[attr-defined]
        return act

    return marked


def some(where: Callable[[Any], list[Any]]) -> Callable[[T], T]:
    """Of a rule that needs one of these."""

    def marked(act: T) -> T:
        act.where = where  # type: ignore[attr-defined]
        return act

    return marked


class Machine:
    """`fired` counts what took place, by name; `trace` is the program so far.

    Not hypothesis' state machine: that makes many short programs, each with a few of the rules. Here a step costs a
    good part of a second, and a program is to meet every rule: the seldomer one is possible, and the seldomer it has
    happened, the likelier it is next.
    """

    def __init__(self, world: World, fired: Counter[str]) -> None:
        self.world, self.fired = world, fired
        self.requests: list[Request] = []
        self.deaths, self.since = world.deaths, 0
        self.trace: list[str] = []
        self._rules = {name: act for name, act in getmembers(self) if hasattr(act, "drawn")}
        self._possible, self._happened = Counter[str](), Counter[str]()

    def step(self, random: Random) -> None:
        """The next thing happens, and everything holds."""
        possible = [name for name, act in self._rules.items() if not hasattr(act, "where") or act.where(self)]
        self._possible.update(possible)
        [name] = random.choices(possible, [1 / self._possible[one] / 4 ** self._happened[one] for one in possible])
        self._happened[name] += 1
        act = self._rules[name]
        arguments = {one: random.choice(values) for one, values in act.drawn.items()}
        self.trace.append(f"{name}({', '.join(f'{one}={value!r}' for one, value in arguments.items())})")
        act(**arguments)
        self.check()

    def begin(self, start: datetime) -> None:
        clock.set(start)
        self.world.run(self.world.forget())
        self.since = self.world.run(self.world.last_sequence())

    def check(self) -> None:
        self.quiet()
        self.world.run(invariants.check(self.world, self.requests))
        self.fired["crash"] += self.world.deaths - self.deaths
        self.deaths = self.world.deaths
        self.fired["steps"] += 1

    def quiet(self) -> None:
        self.world.run(self.world.quiet())

    def done(self, name: str, *touched: Request) -> None:
        """It took place; a quote for these requests may be old now."""
        self.fired[name] += 1
        for request in touched:
            request.happened += 1

    def intake(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        return self.world.run(self.world.call("intake", method, path, body, **headers))

    def on(
        self, item: Item, action: str, body: object = None, role: str = "retoucher", subject: str | None = None
    ) -> httpx.Response:
        """Someone acts on a work item."""
        path = f"/v1/work/{item.id}/{action}"
        return self.world.run(self.world.call("routing", "POST", path, body, role=role, subject=subject))

    # Which there are, in the order in which they were made.

    def in_state(self, *states: str) -> list[Request]:
        return [request for request in self.requests if request.state in states]

    def amended(self) -> list[Request]:
        return [request for request in self.requests if request.amendment]

    def items(self, *states: str) -> list[Item]:
        return [item for request in self.requests for item in request.items if item.state in states]

    def at_place(self, *places: str) -> list[Item]:
        return [item for item in self.items("ready", "claimed", "in_review", "blocked") if item.place in places]

    def held_up(self, *, by_a_person: bool) -> list[Item]:
        """Blocked by hand; or by nothing but open questions."""
        return [item for item in self.items("blocked") if (PERSON in item.holds) == by_a_person]

    def of(self, item: Item) -> Request:
        return next(request for request in self.requests if any(one is item for one in request.items))
