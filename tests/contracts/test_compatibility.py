"""The check against what was committed, in real git repositories."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts import compatibility
from contracts.compatibility import SCHEMAS, WITHDRAWN, check, main

ACCEPTED = "intake.request.accepted.v1"
Fields = dict[str, str]  # name → JSON type; a `?` behind the type: optional


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


class Repository:
    """A repository with `contracts/schemas` in it, as a developer has it before them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.contracts = root / "contracts"

    def write(self, fields: Fields | None, event_type: str = ACCEPTED) -> None:
        """Write the schema of an event; None: remove it."""
        file = self.contracts / SCHEMAS / f"{event_type}.json"
        if fields is None:
            file.unlink()
            return
        properties: dict[str, Any] = {name: {"type": kind.rstrip("?")} for name, kind in fields.items()}
        required = [name for name, kind in fields.items() if not kind.endswith("?")]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"type": "object", "properties": properties, "required": required}))

    def commit(self, fields: Fields | None, event_type: str = ACCEPTED) -> str:
        """Write and commit; the commit."""
        self.write(fields, event_type)
        git(self.root, "add", "-A")
        git(self.root, "commit", "-m", "change")
        return git(self.root, "rev-parse", "HEAD")

    def withdraw(self, commit: str) -> None:
        blob = git(self.root, "rev-parse", f"{commit}:contracts/{SCHEMAS}/{ACCEPTED}.json")
        (self.contracts / WITHDRAWN).write_text(f"# taken back\n{blob} nobody has seen it\n")
        git(self.root, "add", "-A")
        git(self.root, "commit", "-m", "take it back")

    def cloned(self, to: Path, *options: str) -> "Repository":
        git(self.root, "clone", *options, self.root.as_uri(), str(to))
        return Repository(to)

    def breaks(self, base: str | None = None) -> list[str]:
        report = check(self.contracts, base)
        assert report is not None
        return [str(broken) for _, broken in report.breaks]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    root = tmp_path / "origin"
    (root / "contracts").mkdir(parents=True)
    git(root, "init")
    (root / "README.md").write_text("Before the first schema.\n")
    git(root, "add", "-A")
    git(root, "commit", "-m", "begin")
    return Repository(root)


def test_this_repository_is_compatible() -> None:
    assert main([]) == 0


def test_before_the_first_schema_is_committed_there_is_nothing_to_compare_with(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.write({"sku": "string"})
    assert main([], repository.contracts) == 0
    assert "nothing to compare with" in capsys.readouterr().out


def test_outside_of_a_repository_there_is_nothing_to_compare_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    Repository(tmp_path).write({"sku": "string"})
    assert main([], tmp_path / "contracts") == 0
    monkeypatch.setenv("PATH", "")
    assert main([], tmp_path / "contracts") == 0
    assert capsys.readouterr().out.count("nothing to compare with") == 2


def test_in_a_repository_without_a_commit_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    git(tmp_path, "init")
    Repository(tmp_path).write({"sku": "string"})
    assert check(tmp_path / "contracts") is None


def test_an_uncommitted_break_is_found(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    commit = repository.commit({"sku": "string", "view": "string"})
    repository.write({"sku": "string"})
    assert main([], repository.contracts) == 1
    told = capsys.readouterr().err
    assert f"{ACCEPTED} against commit {commit[:7]}" in told
    assert "/view: the field is gone" in told


def test_harmless_changes_pass(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repository.commit({"sku": "string"})
    repository.commit({"sku": "string", "note": "string?"})
    repository.write({"sku": "string", "note": "string?", "more": "string?"})
    repository.write({"sku": "string"}, "intake.request.reopened.v1")
    assert main([], repository.contracts) == 0
    assert "all 2 committed versions" in capsys.readouterr().out


def test_a_removed_event_is_a_break(repository: Repository) -> None:
    repository.commit({"sku": "string"})
    repository.commit(None)
    assert repository.breaks() == ["the event: the event is gone; breaks old readers of new events"]


def in_the_work_tree(repository: Repository, _: Path) -> Repository:
    return repository


def in_a_fresh_clone(repository: Repository, folder: Path) -> Repository:
    return repository.cloned(folder)


def in_a_shallow_clone(repository: Repository, folder: Path) -> Repository:
    return repository.cloned(folder, "--depth", "3")


def in_a_clone_without_contents(repository: Repository, folder: Path) -> Repository:
    git(repository.root, "config", "uploadpack.allowFilter", "true")
    return repository.cloned(folder, "--filter=blob:none")


def in_a_detached_clone(repository: Repository, folder: Path) -> Repository:
    clone = repository.cloned(folder)
    git(folder, "checkout", "--detach")
    git(folder, "remote", "remove", "origin")
    return clone


@pytest.mark.parametrize(
    "look",
    [in_the_work_tree, in_a_fresh_clone, in_a_shallow_clone, in_a_clone_without_contents, in_a_detached_clone],
)
def test_a_committed_break_is_found_wherever_one_looks(
    repository: Repository, tmp_path: Path, look: Callable[[Repository, Path], Repository]
) -> None:
    repository.commit({"sku": "string", "view": "string"})
    repository.commit({"sku": "string"})
    repository.commit({"sku": "string", "note": "string?"})  # harmless, and the newest
    assert look(repository, tmp_path / "clone").breaks() == [
        "/view: the field is gone; breaks old readers of new events"
    ]


def test_a_branch_that_commits_the_break_first_is_not_believed(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"sku": "string", "view": "string"})
    branch = repository.cloned(tmp_path / "branch")
    assert branch.breaks() == []
    branch.commit({"sku": "string"})
    assert len(branch.breaks()) == 1
    git(branch.root, "push", "origin", "HEAD:submitted")
    git(repository.root, "merge", "--no-ff", "submitted", "-m", "land")
    assert len(repository.breaks()) == 1
    assert len(repository.cloned(tmp_path / "fresh").breaks()) == 1


def test_what_never_landed_can_be_withdrawn_by_its_own_landing(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"sku": "string"})
    branch = repository.cloned(tmp_path / "branch")
    draft = branch.commit({"sku": "string", "note": "integer?"})
    branch.commit({"sku": "string", "note": "string?"})
    assert branch.breaks()
    branch.withdraw(draft)
    assert branch.breaks() == []
    git(branch.root, "push", "origin", "HEAD:submitted")
    git(repository.root, "merge", "submitted")
    assert repository.breaks() == []
    assert repository.cloned(tmp_path / "fresh").breaks() == []


def test_what_has_landed_can_not_be_withdrawn(repository: Repository, tmp_path: Path) -> None:
    landed = repository.commit({"sku": "string", "view": "string"})
    branch = repository.cloned(tmp_path / "branch")
    branch.commit({"sku": "string"})
    branch.withdraw(landed)
    assert len(branch.breaks()) == 1


def test_another_base_can_be_asked_for(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    first = repository.commit({"sku": "string"})
    repository.commit({"sku": "string", "view": "string"})
    repository.write({"sku": "string", "view": "integer"})
    assert len(repository.breaks()) == 3
    assert repository.breaks(first) == ["/view: a new required field; breaks new readers of old events"]
    assert main(["--base", "no-such-branch"], repository.contracts) == 2
    assert "git refuses" in capsys.readouterr().err


def test_the_answer_is_the_same_inside_a_git_hook(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit({"sku": "string"})
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    report = compatibility.check(repository.contracts)
    assert report is not None
    assert report.compared == 1
