"""A problem of the API as people read it."""

import httpx
from rich.console import Console
from rich.markup import escape


def explain(answer: httpx.Response, console: Console) -> None:
    """What is wrong, and each wrong field with its remedy."""
    try:
        problem = answer.json()
        console.print(f"[red]{escape(problem['title'])}.[/red] {escape(problem['detail'])}", highlight=False)
        errors = problem["errors"]
    except (ValueError, KeyError, TypeError):
        console.print(f"[red]The answer was {answer.status_code}.[/red]")
        return
    for error in errors:
        if error["pointer"]:
            console.print(f"  {error['pointer']}: {error['detail']} {error['remedy'] or ''}", markup=False)
