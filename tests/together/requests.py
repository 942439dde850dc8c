"""What people do with requests and their amendments."""

from datetime import datetime
from typing import Any

import httpx

from chassis.clock import now
from tests.intake.samples import apparel, without
from tests.together import office
from tests.together.machine import Machine, chosen, rule, some, which
from tests.together.model import REQUESTER, Amendment, Request
from tests.together.world import Json

FAR = "2028-06-01T12:00:00Z"
NOT_NEEDED = [{"view": view, "cause": "Not needed."} for view in ("side", "detail", "fabric_texture")]
MOST_REQUESTS = 3

CHANGES: dict[str, list[Any]] = {
    "colorways": [["black"], ["gray"], ["black", "gray"]],
    "channels": [["pdp"], ["amazon"], ["pdp", "amazon"]],
    "materials": [["cotton"], ["cotton", "metal_hardware"], ["cotton", "lace"]],
    "deadline": [600, 2000, 6000],  # minutes of business time from now
    "priority": ["normal", "high"],
}


class Requests(Machine):
    """Brought in, asked about, answered, amended, cancelled."""

    @some(lambda self: [True] * (MOST_REQUESTS - len(self.requests)))
    @rule(lacks=[None, "materials", "approval_owner"])
    def is_submitted(self, lacks: str | None) -> None:
        self.bring_in(lacks)

    def bring_in(self, lacks: str | None) -> None:
        brief = apparel() | {"colorways": ["black"], "channels": ["pdp"], "waivers": NOT_NEEDED, "deadline": FAR}
        brief["attributes"]["model_requirement"] = "none"
        brief["materials"] = ["cotton"]
        answer = self.intake("POST", "/v1/requests", without(brief, lacks) if lacks else brief)
        assert answer.status_code == 201, answer.text
        said = answer.json()
        request = Request(said["id"], brief, "incomplete")
        self.requests.append(request)
        assert said["state"] == ("returned" if lacks else "accepted"), said["problems"]
        if not lacks:
            request.is_accepted(now())
        self.done("return incomplete" if lacks else "submit")

    @some(lambda self: self.in_state("incomplete"))
    @rule(pick=which)
    def is_completed(self, pick: int) -> None:
        request = chosen(self.in_state("incomplete"), pick)
        sent = {"materials": request.brief["materials"], "approval_owner": request.brief["approval_owner"]}
        headers = {"If-Match": self.intake("GET", f"/v1/requests/{request.id}").headers["ETag"]}
        answer = self.intake("PATCH", f"/v1/requests/{request.id}", sent, **headers)
        assert answer.json()["state"] == "accepted", answer.text
        request.is_accepted(now())
        self.done("complete")

    @some(lambda self: self.in_state("accepted", "answered"))
    @rule(pick=which)
    def is_returned(self, pick: int) -> None:
        self._return(chosen(self.in_state("accepted", "answered"), pick))

    def _return(self, request: Request) -> None:
        question = {"questions": [{"text": "Has it a hood?"}]}
        answer = self.intake("POST", f"/v1/requests/{request.id}/return", question)
        assert (answer.status_code, answer.json()["state"]) == (200, "returned"), answer.text
        request.state = "asked"
        for item in request.live:
            item.is_held_up(REQUESTER, now())
        self.done("return", request)

    @some(lambda self: self.in_state("asked"))
    @rule(pick=which)
    def is_answered(self, pick: int) -> None:
        self._answer(chosen(self.in_state("asked"), pick))

    def _answer(self, request: Request) -> None:
        path = f"/v1/requests/{request.id}"
        [question] = self.intake("GET", path).json()["questions"]
        sent = {"answers": [{"question_id": question["id"], "text": "No."}]}
        answer = self.intake("POST", f"{path}/answer", sent)
        assert (answer.status_code, answer.json()["state"]) == (200, "answered"), answer.text
        request.state = "answered"
        for item in request.live:
            item.goes_on({REQUESTER}, now())
        self.done("answer", request)

    @some(lambda self: self.in_state("answered"))
    @rule(pick=which)
    def its_answers_are_accepted(self, pick: int) -> None:
        request = chosen(self.in_state("answered"), pick)
        answer = self.intake("POST", f"/v1/requests/{request.id}/accept")
        assert answer.status_code == 200, answer.text
        request.state = "accepted"
        self.done("accept answers")

    @some(lambda self: self.amendable())
    @rule(pick=which, field=sorted(CHANGES), value=which)
    def is_amended(self, pick: int, field: str, value: int) -> None:
        request = chosen(self.amendable(), pick)
        new = chosen([one for one in CHANGES[field] if one != request.brief[field]], value)
        if field == "deadline":
            new = f"{office.after(now(), new):%Y-%m-%dT%H:%M:%SZ}"
        answer = self._propose(request, {field: new})
        if request.deadline <= now() and field != "deadline":
            assert answer.status_code == 422, answer.text
            return
        assert answer.status_code == 201, answer.text
        self._quoted(request, answer.json()["id"], {field: new})
        self.done("amend")

    def amendable(self) -> list[Request]:
        return [request for request in self.in_state("accepted") if not request.amendment]

    @some(lambda self: [*self.amended(), *self.in_state("asked", "answered")])
    @rule(pick=which)
    def it_is_not_the_time(self, pick: int) -> None:
        """For a change: another is open, or there are questions."""
        request = chosen([*self.amended(), *self.in_state("asked", "answered")], pick)
        assert self._propose(request, {"colorways": ["white"]}).status_code == 409

    def _propose(self, request: Request, changes: Json) -> httpx.Response:
        body = {"changes": changes, "cause": "The campaign moved."}
        return self.intake("POST", f"/v1/requests/{request.id}/amendments", body)

    @some(lambda self: self.in_state("accepted", "asked", "answered", "incomplete"))
    @rule(pick=which)
    def is_cancelled(self, pick: int) -> None:
        """Of a request in production it is an amendment."""
        request = chosen(self.in_state("accepted", "asked", "answered", "incomplete"), pick)
        answer = self.intake("POST", f"/v1/requests/{request.id}/cancel", {"cause": "Dropped."})
        if request.state == "incomplete":
            assert answer.status_code == 200, answer.text
            request.state = "cancelled"
        elif request.amendment:
            assert answer.status_code == 409, answer.text
        else:
            assert answer.status_code == 202, answer.text
            self._quoted(request, answer.json()["id"], None)
            self.done("cancel")

    def _quoted(self, request: Request, amendment_id: str, changes: Json | None) -> None:
        self.quiet()
        said = self.intake("GET", f"/v1/amendments/{amendment_id}").json()
        assert said["state"] == "quoted", said
        lost = len(request.lost_by(changes))
        assert said["quote"]["losses"] == lost, "a quote names everything that would be lost"
        request.amendment = Amendment(amendment_id, changes, now(), request.happened, said["version"], lost)

    @some(lambda self: self.amended())
    @rule(pick=which, what=["reject", "withdraw"])
    def it_is_not_wanted(self, pick: int, what: str) -> None:
        request = chosen(self.amended(), pick)
        answer = self._decide(request, what, {})
        assert answer.status_code == 200, answer.text
        request.amendment = None
        self.done("refuse amendment")

    @some(lambda self: self.amended())
    @rule(pick=which, knowingly=[True, False])
    def it_is_accepted(self, pick: int, knowingly: bool) -> None:
        """Its deadline may have passed meanwhile; and what is past a gate is not lost without a word."""
        self._accept(chosen(self.amended(), pick), knowingly)

    @some(lambda self: self.cancellations())
    @rule(pick=which)
    def its_cancellation_is_accepted(self, pick: int) -> None:
        """The same, of those alone: among all amendments they are seldom chosen."""
        self._accept(chosen(self.cancellations(), pick), knowingly=True)

    def cancellations(self) -> list[Request]:
        return [request for request in self.amended() if request.amendment and request.amendment.changes is None]

    def _accept(self, request: Request, knowingly: bool) -> None:
        amendment = request.amendment
        assert amendment is not None
        answer = self._decide(request, "accept", {"acknowledge_losses": knowingly})
        if amendment.changes and datetime.fromisoformat(amendment.changes.get("deadline", FAR)) <= now():
            assert answer.status_code == 409, answer.text
        elif amendment.losses and not knowingly:
            assert answer.status_code == 422, answer.text
            self.done("losses are named")
        else:
            assert answer.status_code == 200, answer.text
            self._accepted(request, amendment, knowingly)

    def _decide(self, request: Request, what: str, body: Json) -> httpx.Response:
        assert request.amendment is not None
        path, headers = f"/v1/amendments/{request.amendment.id}", {"If-Match": f'"{request.amendment.version}"'}
        return self.intake("POST", f"{path}/{what}", body, **headers)

    def _accepted(self, request: Request, amendment: Amendment, knowingly: bool) -> None:
        """It is in force, or quoted anew because work has moved on meanwhile: then nothing has changed."""
        self.quiet()
        said = self.intake("GET", f"/v1/amendments/{amendment.id}").json()
        if said["state"] == "quoted":
            assert request.happened != amendment.seen, "nothing has happened since it was quoted"
            self._quoted(request, amendment.id, amendment.changes)
            self.done("quoted anew")
            return
        assert said["state"] == "applied", said
        lost = request.lost_by(amendment.changes)
        assert knowingly or not lost, f"lost silently: {lost}"
        request.amend(amendment.changes, now())
        request.amendment = None
        self.done("accept cancellation" if amendment.changes is None else "accept amendment", request)
