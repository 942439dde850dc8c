"""Names of files by a pack: how a name is made of what a file shows, what fits, and what comes after a name that is
taken. Pure.

A value is cleaned first: the pack's own letters, then letters without their marks, then the code of a letter that has
no Latin form; what is no letter and not allowed becomes the replacement. So different values may be cleaned to one
(`a/b` and `a-b`): such names are told apart by a number, and `repository.py` sees to it that a name is one slot's for
ever.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from services.assets.naming.schemas import Case, NamingContent, WrongNames

FIELDS = ("sku", "colorway", "view", "channel", "number", "round", "ext")
MASTER = "master"
_FIELD = re.compile(r"\{([^{}]*)\}")
_LITERAL = re.compile(r"[A-Za-z0-9 ._()+,=@~-]*")
_ENDINGS: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": ("jpg", "jpeg"),
    "image/png": ("png",),
    "image/tiff": ("tif", "tiff"),
    "image/webp": ("webp",),
    "image/gif": ("gif",),
    "image/bmp": ("bmp",),
    "image/avif": ("avif",),
}
# Windows takes no file of these names, whatever its ending.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}


@dataclass(frozen=True)
class Rule:
    """What names a file: a pattern, and the pack that its values are cleaned by. `scope`: the channel that the names
    must differ within; empty for masters."""

    pattern: str
    pack: NamingContent
    pack_name: str
    version: int
    scope: str

    @property
    def wrong_names(self) -> WrongNames:
        return self.pack.wrong_names


def pattern_problem(pattern: str) -> tuple[str, str] | None:
    """What is wrong with a pattern and what would make it right; None when nothing is. Its ending isn't looked at."""
    fields = _FIELD.findall(pattern)
    rest = _FIELD.sub("", pattern)
    if unknown := sorted(set(fields) - set(FIELDS)):
        known = ", ".join(f"{{{name}}}" for name in FIELDS)
        return f"names can't say {', '.join(unknown)}", f"Use {known}."
    if "{" in rest or "}" in rest:
        return "a brace is not closed", "Use braces around a field only."
    if "sku" not in fields:
        return "a name without the SKU says of no file what it is", "Put {sku} into it."
    if not _LITERAL.fullmatch(rest):
        return "it has characters that not every system takes", "Use letters A to Z, digits, space and ._()+,=@~-."
    if pattern.startswith((".", " ")) or len(rest) > 60:
        return (
            "it begins with a dot or a space, or is long by itself",
            "Begin with a field; send at most 60 characters.",
        )
    return None


def ending_of(media_type: str) -> str:
    """Without the dot."""
    return _ENDINGS.get(media_type, ("bin",))[0]


def media_type_of(filename: str) -> str | None:
    """By its ending; None where that is no image's."""
    ending = filename.rpartition(".")[2].lower()
    return next((media_type for media_type, endings in _ENDINGS.items() if ending in endings), None)


def cleaned(value: str, pack: NamingContent) -> str:
    """A value as it stands in names: never empty, of letters A to Z, digits and the pack's characters."""
    pieces: list[str | None] = [_piece(one, pack) for one in unicodedata.normalize("NFC", value)]
    text = "".join("\0" if piece is None else piece for piece in pieces)
    text = re.sub("\0+", pack.replacement.replace("\\", r"\\"), text.strip("\0"))
    text = re.sub(r"\.{2,}", ".", text).strip(".- " + pack.replacement)
    return _in_case(text, pack.case) or "x"


def base_name(rule: Rule, values: Mapping[str, str | int], media_type: str) -> str:
    """The name that a file of these values would have if nobody else had it. The longest values are cut where it would
    be too long; an ending that isn't its format's is replaced."""
    ending = _in_case(ending_of(media_type), rule.pack.case)
    pattern = rule.pattern
    literal = pattern.rpartition(".")[2].lower()
    if literal != "{ext}" and literal not in _ENDINGS.get(media_type, ()):
        pattern = pattern.rpartition(".")[0] + ".{ext}" if "." in pattern else pattern + ".{ext}"
    clean = {name: cleaned(str(values[name]), rule.pack) for name in FIELDS if name != "ext"} | {"ext": ending}
    uses = _FIELD.findall(pattern)
    while len(name := _FIELD.sub(lambda field: clean[field[1]], pattern)) > rule.pack.max_length:
        longest = max((one for one in dict.fromkeys(uses) if one != "ext"), key=lambda one: len(clean[one]))
        if len(clean[longest]) == 1:
            break
        over = -(-(len(name) - rule.pack.max_length) // uses.count(longest))
        clean[longest] = clean[longest][: max(1, len(clean[longest]) - over)].rstrip(".") or "x"
    stem, _, end = name.rpartition(".")
    return f"{stem}-.{end}" if stem.partition(".")[0].strip().lower() in _DEVICES else name


def numbered(base: str, number: int, max_length: int) -> str:
    """The name for the so many-th slot that wants this one: the first has it as it is."""
    if number == 1:
        return base
    stem, _, ending = base.rpartition(".")
    tail = f"_{number}.{ending}"
    return stem[: max(1, max_length - len(tail))] + tail


def key_of(name: str) -> str:
    """The same for names that some system takes for one."""
    return unicodedata.normalize("NFC", name).casefold()


def misfit(filename: str, right: str, rule: Rule, owner: str | None) -> str | None:
    """Why a name is not the right one; None when it is. `owner`: another slot that has it."""
    if filename == right:
        return None
    if owner is not None:
        return f"it is the name of {owner}"
    if key_of(filename) == key_of(right):
        return "it differs from the right name in capitals"
    if filename.rpartition(".")[0] == right.rpartition(".")[0]:
        return "its ending isn't that of its format"
    return f"names are made by the pattern {rule.pattern} of the pack {rule.pack_name}"


def _piece(character: str, pack: NamingContent) -> str | None:
    """What stands for one character; None: only the replacement can."""
    if mapped := pack.transliteration.get(character):
        return mapped
    if (mapped := pack.transliteration.get(character.lower())) and character != character.lower():
        return mapped.capitalize()
    if _is_allowed(character, pack):
        return character
    plain = "".join(one for one in unicodedata.normalize("NFKD", character) if one.isascii() and one.isalnum())
    if plain:
        return plain
    return f"u{ord(character):x}" if unicodedata.category(character)[0] in "LN" else None


def _is_allowed(character: str, pack: NamingContent) -> bool:
    return (character.isascii() and character.isalnum()) or character in pack.characters


def _in_case(text: str, case: Case) -> str:
    return text.lower() if case == "lower" else text.upper() if case == "upper" else text
