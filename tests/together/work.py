"""What people and gates do with work."""

from chassis.clock import now
from contracts.values import Gate
from tests.routing.others import decide, hand_in, read
from tests.together.machine import chosen, rule, some, which
from tests.together.model import PERSON, REQUESTER, Item
from tests.together.requests import Requests
from tests.together.world import Json

PEOPLE = ["ana", "ben", "cleo"]


class Work(Requests):
    """Claimed, handed on, handed in, judged, blocked."""

    @some(lambda self: self.items("ready"))
    @rule(pick=which, many=[1, 2, 3], who=range(len(PEOPLE)))
    def is_claimed(self, pick: int, many: int, who: int) -> None:
        """One or some, each by another."""
        for number in range(min(many, len(self.items("ready")))):
            item, by = chosen(self.items("ready"), pick), chosen(PEOPLE, who + number)
            answer = self.on(item, "claim", subject=by)
            assert answer.status_code == 200, answer.text
            item.is_claimed(by, now())
            self.done("claim", self.of(item))

    @some(lambda self: self.items("claimed"))
    @rule(pick=which)
    def others_want_it(self, pick: int) -> None:
        """Nobody gets, gives back or hands on what another holds."""
        item = chosen(self.items("claimed"), pick)
        other = next(one for one in PEOPLE if one != item.holder)
        for action, body in (("claim", None), ("release", None), ("hand-over", {"to": "retouching"})):
            assert self.on(item, action, body, subject=other).status_code == 409
            assert self.on(item, action, body, role="reviewer", subject=other).status_code == 403
        self.done("refuse others")

    @some(lambda self: self.items("waiting", "in_review", "blocked", "approved", "cancelled"))
    @rule(pick=which, action=["claim", "release", "hand-over"])
    def is_not_to_be_had(self, pick: int, action: str) -> None:
        item = chosen(self.items("waiting", "in_review", "blocked", "approved", "cancelled"), pick)
        body = {"to": "retouching"} if action == "hand-over" else None
        answer = self.on(item, action, body, subject=item.holder or "ana")
        if action == "release" and item.holder:  # it is blocked, stays so, and nobody holds it
            assert answer.status_code == 200, answer.text
            item.goes_to("ready")
        else:
            assert answer.status_code == 409, answer.text

    @some(lambda self: self.items("claimed"))
    @rule(pick=which)
    def is_given_back(self, pick: int) -> None:
        item = chosen(self.items("claimed"), pick)
        answer = self.on(item, "release", subject=item.holder)
        assert answer.status_code == 200, answer.text
        item.goes_to("ready")
        self.done("release", self.of(item))

    @some(lambda self: self.items("claimed"))
    @rule(pick=which)
    def is_handed_over(self, pick: int) -> None:
        """From the studio to retouching: from nowhere else."""
        item = chosen(self.items("claimed"), pick)
        answer = self.on(item, "hand-over", {"to": "retouching"}, subject=item.holder)
        if item.step != "studio":
            assert answer.status_code == 409, answer.text
            return
        assert answer.status_code == 200, answer.text
        item.goes_to("ready", "retouching")
        self.done("hand over", self.of(item))

    @some(lambda self: self.items("claimed"))
    @rule(pick=which)
    def its_lease_is_renewed(self, pick: int) -> None:
        item = chosen(self.items("claimed"), pick)
        assert item.holder is not None
        answer = self.on(item, "claim", subject=item.holder)
        assert answer.status_code == 200, answer.text
        item.is_claimed(item.holder, now())
        self.done("renew")

    @some(lambda self: self.at_place("ready", "claimed"))
    @rule(pick=which)
    def is_handed_in(self, pick: int) -> None:
        self._hand_in(chosen(self.at_place("ready", "claimed"), pick))

    def _hand_in(self, item: Item) -> None:
        """A stored version wins over a lease, and shows that blocked work goes on."""
        self.world.run(hand_in(self.world.routing, self.shown(item)))
        self.is_in_review(item)

    def is_in_review(self, item: Item) -> None:
        item.goes_on({PERSON, REQUESTER}, now())
        item.goes_to("in_review", "qc")
        self.of(item).waits_too(item, now())
        self.done("hand in", self.of(item))

    @some(lambda self: self.at_place("in_review"))
    @rule(pick=which)
    def fails_at_a_gate(self, pick: int) -> None:
        item = chosen(self.at_place("in_review"), pick)
        self.world.run(decide(self.world.routing, self.shown(item), "failed"))
        self.is_sent_back(item)

    def is_sent_back(self, item: Item) -> None:
        item.goes_on({PERSON, REQUESTER}, now())
        item.round, item.past_gate = item.round + 1, False
        item.goes_to("ready", "retouching" if item.is_shot else "delivery")
        self.of(item).waits_too(item, now())
        self.done("fail", self.of(item))

    @some(lambda self: self.at_place("in_review"))
    @rule(pick=which)
    def passes_a_gate(self, pick: int) -> None:
        item = chosen(self.at_place("in_review"), pick)
        self.world.run(decide(self.world.routing, self.shown(item), "passed", Gate.STYLING_FIT))
        item.past_gate = True
        self.done("pass", self.of(item))

    @some(lambda self: self.at_place("in_review"))
    @rule(pick=which)
    def passes_the_last_gate(self, pick: int) -> None:
        item = chosen(self.at_place("in_review"), pick)
        self.world.run(decide(self.world.routing, self.shown(item), "passed"))
        item.past_gate = True
        self.of(item).approve(item, now())
        self.done("approve", self.of(item))

    @some(lambda self: self.items("ready", "claimed", "in_review") + self.held_up(by_a_person=False))
    @rule(pick=which)
    def is_blocked(self, pick: int) -> None:
        """By hand: what waits for its requester too."""
        item = chosen(self.items("ready", "claimed", "in_review") + self.held_up(by_a_person=False), pick)
        answer = self.on(item, "block", {"cause": "The sample is damaged."}, role="producer")
        assert answer.status_code == 200, answer.text
        item.is_held_up(PERSON, now())
        self.done("block", self.of(item))

    @some(lambda self: self.held_up(by_a_person=True))
    @rule(pick=which)
    def is_unblocked(self, pick: int) -> None:
        """By hand: what waits for its requester as well stays blocked."""
        item = chosen(self.held_up(by_a_person=True), pick)
        answer = self.on(item, "unblock", role="producer")
        assert answer.status_code == 200, answer.text
        item.goes_on({PERSON}, now())
        self.done("unblock", self.of(item))

    @some(lambda self: self.held_up(by_a_person=False))
    @rule(pick=which)
    def is_its_requesters_to_answer(self, pick: int) -> None:
        item = chosen(self.held_up(by_a_person=False), pick)
        assert self.on(item, "unblock", role="producer").status_code == 409
        self.done("requester's to answer")

    def shown(self, item: Item) -> Json:
        return self.world.run(read(self.world.routing, item.id))
