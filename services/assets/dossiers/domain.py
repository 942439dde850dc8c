"""What a dossier needs, and whether it proves its file. Pure."""

from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

from contracts.assets import Version
from contracts.qc import DecisionRecorded, InspectionCompleted
from contracts.values import Gate, Outcome, WorkItem
from services.assets.dossiers.schemas import Dossier, DossierDecision, FileRecord


def file_record(
    version: Version,
    work: WorkItem | None,
    rounds: Sequence[Version],
    inspection: InspectionCompleted | None,
    recorded: Sequence[DecisionRecorded],
) -> tuple[FileRecord | None, list[str]]:
    """The record, or what of it isn't here yet, in words. `recorded`: in the order they were made."""
    replaced = {one.decision.supersedes for one in recorded}
    decisions = [
        DossierDecision(
            decision=one.decision,
            passed=one.gate.state == "passed",
            superseded=one.decision.id in replaced,
            ai_facets=one.ai_facets,
        )
        for one in recorded
    ]
    missing = []
    if work is None:
        missing.append("the approval of its work item")
    else:
        passed = gates_passed(version.id, decisions)
        missing += [f"the decision that passed the gate {gate}" for gate in work.gates if gate not in passed]
    if inspection is None:
        missing.append("its measurements")
    if missing or work is None or inspection is None:
        return None, missing
    return FileRecord(
        version=version, work=work, rounds=list(rounds), inspection=inspection, decisions=decisions
    ), []  # fmt: skip


def gates_passed(version_id: UUID, decisions: Collection[DossierDecision]) -> set[Gate]:
    """The gates that decisions on this version have closed, and still do."""
    return {one.decision.gate for one in _standing(version_id, decisions) if one.passed}


def faults_of(dossier: Dossier, sha256: str, size: int) -> list[str]:
    """Why this dossier doesn't prove a file of these bytes; none when it does."""
    final = dossier.final
    if final.version.sha256 != sha256 or final.version.bytes != size:
        return [f"It is another file's: of {final.version.bytes} bytes, with the SHA-256 {final.version.sha256}."]
    faults = [f"The file: {fault}" for fault in _faults_of_record(final)]
    if dossier.master is not None:
        if final.version.master_id != dossier.master.version.id:
            faults.append("Its master is not the one that it was rendered from.")
        faults += [f"Its master: {fault}" for fault in _faults_of_record(dossier.master)]
    elif final.version.master_id is not None:
        faults.append("It was rendered from a master of which the dossier says nothing.")
    return faults


def _faults_of_record(record: FileRecord) -> Iterator[str]:
    version, passed = record.version, gates_passed(record.version.id, record.decisions)
    for gate in record.work.gates:
        if gate not in passed:
            yield f"no decision passed the gate {gate}."
    for one in _standing(version.id, record.decisions):
        if one.decision.sha256 != version.sha256:
            yield f"the decision {one.decision.id} was about other bytes."
    if record.inspection.sha256 != version.sha256 or record.inspection.version_id != version.id:
        yield "other bytes were measured."
    people = [one for one in _standing(version.id, record.decisions) if one.passed and not one.decision.automatic]
    if record.work.ai and record.work.channel is None and not people:
        yield "AI had a part in it, and no person has passed it."


def _standing(version_id: UUID, decisions: Collection[DossierDecision]) -> list[DossierDecision]:
    """Decisions on this version that nothing took the place of."""
    return [one for one in decisions if one.decision.version_id == version_id and not one.superseded]


def people_of(record: FileRecord) -> list[str]:
    """Who passed it, by gate, in words."""
    return [
        f"{one.decision.gate}: "
        + ("by measurement" if one.decision.automatic else f"{one.decision.decided_by} ({one.decision.role})")
        for one in _standing(record.version.id, record.decisions)
        if one.decision.outcome is Outcome.PASS
    ]
