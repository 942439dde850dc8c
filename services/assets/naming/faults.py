"""What is wrong with a naming pack, all at once. Pure."""

from collections.abc import Iterator

from chassis.problems import FieldError
from services.assets.naming.domain import pattern_problem
from services.assets.naming.schemas import NamingContent

CHARACTERS = "-_.~+,=@ ()"


def faults_of(pack: NamingContent) -> list[FieldError]:
    return [*_pattern(pack), *_characters(pack), *_transliteration(pack)]


def _pattern(pack: NamingContent) -> Iterator[FieldError]:
    if problem := pattern_problem(pack.pattern):
        yield _fault("/pattern", *problem)
    elif not pack.pattern.endswith(".{ext}") or pack.pattern.count("{ext}") > 1:
        yield _fault("/pattern", "it doesn't end with the ending of the file's format", "Let it end with .{ext}.")


def _characters(pack: NamingContent) -> Iterator[FieldError]:
    if wrong := sorted(set(pack.characters) - set(CHARACTERS)):
        yield _fault("/characters", f"not every system takes {' '.join(wrong)}", f"Send some of {CHARACTERS}")
    if pack.replacement and pack.replacement not in pack.characters:
        yield _fault("/replacement", "it isn't one of `characters`", "Add it there, or send an empty text.")


def _transliteration(pack: NamingContent) -> Iterator[FieldError]:
    for letter in pack.transliteration:
        if letter != letter.lower() or len(letter.lower()) > 1:
            yield _fault(f"/transliteration/{letter}", "a capital follows its small letter", "Send that one.")
        elif letter.isascii() and letter.isalnum():
            yield _fault(f"/transliteration/{letter}", "letters A to Z and digits stay as they are", "Leave it out.")
        elif letter in pack.characters:
            yield _fault(f"/transliteration/{letter}", "it is kept by `characters`", "Leave it out in one of them.")


def _fault(pointer: str, detail: str, remedy: str) -> FieldError:
    return FieldError(pointer=pointer, detail=detail, remedy=remedy)
