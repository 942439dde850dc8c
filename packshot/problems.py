"""What is wrong, as people read it: a problem of the API, or a file that a command was given."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import httpx
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from chassis.problems import field_errors

T = TypeVar("T")


class BadFile(ValueError):
    """A file can't be used. Says which, and where each thing is that is wrong with it, a line for each."""


def read_as(file: Path, reader: Callable[[Path], T]) -> T:
    """What the reader makes of a file. Raises `BadFile`."""
    try:
        return reader(file)
    except FileNotFoundError:
        raise BadFile(f"There is no {file}.") from None
    except OSError as error:
        raise BadFile(f"{file} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise BadFile(f"{file} can't be read: it is not UTF-8 (byte {error.start}).") from None
    except tomllib.TOMLDecodeError as error:
        raise BadFile(f"{file} is not TOML: {error}.") from None
    except ValidationError as error:
        raise BadFile("\n".join([f"{file} is not what it should be:", *_lines(error)])) from None


def _lines(error: ValidationError) -> list[str]:
    found = field_errors({**one, "loc": ("body", *one["loc"])} for one in error.errors())
    places = [one.pointer[1:].replace("/", ".") or "the file" for one in found]
    return [f"  {place}: {one.detail}. {one.remedy or ''}" for place, one in zip(places, found, strict=True)]


def explain(answer: httpx.Response, console: Console) -> None:
    """What is wrong, and each wrong field with its remedy."""
    try:
        problem = answer.json()
        title = problem["title"] + ("" if problem["title"].endswith("?") else ".")
        console.print(f"[red]{escape(title)}[/red] {escape(problem['detail'])}", highlight=False)
        errors = problem["errors"]
    except (ValueError, KeyError, TypeError):
        console.print(f"[red]The answer was {answer.status_code}.[/red]")
        return
    for error in errors:
        if error["pointer"]:
            console.print(f"  {error['pointer']}: {error['detail']} {error['remedy'] or ''}", markup=False)
