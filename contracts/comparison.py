"""Comparing two JSON Schemas of one event: what in the new one breaks a reader.

Readers ignore fields that they don't know, so a new optional field is fine, and `additionalProperties: false` means
nothing here. Readers check all that they know, so what a field may hold must stay the same: more breaks the old
readers, less breaks the new ones. A keyword that is not known here breaks as well when it changes: better asked than
missed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Schema = dict[str, Any]


class Reader(StrEnum):
    """Whom a change breaks."""

    OLD = "old readers of new events"
    NEW = "new readers of old events"
    BOTH = "readers, old and new"


@dataclass(frozen=True)
class Break:
    """One breaking change. `where` is a JSON pointer into the event; `*` stands for each item or key."""

    where: str
    what: str
    reader: Reader

    def __str__(self) -> str:
        return f"{self.where or 'the event'}: {self.what}; breaks {self.reader}"


_ANNOTATIONS = {
    "$schema", "$id", "$comment", "$defs", "title", "description", "examples", "deprecated", "readOnly", "writeOnly",
    "discriminator",
}  # fmt: skip
_LOWER_BOUNDS = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"}
_UPPER_BOUNDS = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"}
_SUBSCHEMAS = {"items": "*", "additionalProperties": "*", "propertyNames": "*", "contains": "*"}
# Compared in ways of their own. A default is a matter of the field that has it, so `_fields` compares it.
_OWN_WAYS = {"type", "enum", "properties", "required", "default", *_LOWER_BOUNDS, *_UPPER_BOUNDS, *_SUBSCHEMAS}
_NOTHING: Any = object()


def compare(old: Schema, new: Schema) -> list[Break]:
    """Every breaking change from `old` to `new`; empty when all readers go on."""
    return list(_Comparison(old, new).values(old, new, ""))


class _Comparison:
    def __init__(self, old: Schema, new: Schema) -> None:
        self._old, self._new = old, new
        self._open: list[tuple[int, int]] = []  # what is being compared, so that recursive schemas end

    def values(self, old: Any, new: Any, where: str) -> Iterator[Break]:
        """What a value at this place may be."""
        pair = (id(old), id(new))
        if pair in self._open:
            return
        self._open.append(pair)
        olds, news = _alternatives(old, self._old), _alternatives(new, self._new)
        for one in list(olds):
            same = next((two for two in news if not list(self._alternative(one, two, where))), None)
            if same is not None:
                olds.remove(one)
                news.remove(same)
        for one in list(olds):
            similar = next((two for two in news if _kind(two) == _kind(one)), None)
            if similar is not None:
                olds.remove(one)
                news.remove(similar)
                yield from self._alternative(one, similar, where)
        yield from _type_changes([_kind(one) for one in olds], [_kind(two) for two in news], where)
        self._open.pop()

    def _alternative(self, old: Schema, new: Schema, where: str) -> Iterator[Break]:
        """Both are of one kind, or this says that they aren't."""
        if _kind(old) != _kind(new):
            yield Break(where, f"was {_kind(old)}, is {_kind(new)}", Reader.BOTH)
            return
        yield from _listed_values(old, new, where)
        yield from _bounds(old, new, where)
        yield from self._fields(old, new, where)
        for key, step in _SUBSCHEMAS.items():
            one, two = old.get(key, _NOTHING), new.get(key, _NOTHING)
            if key == "additionalProperties":  # true and false: unknown fields are ignored either way
                one, two = (side if isinstance(side, dict) and side else _NOTHING for side in (one, two))
            if one is not _NOTHING and two is not _NOTHING:
                yield from self.values(one, two, f"{where}/{step}")
            else:
                yield from _presence(key, one, two, where)
        for key in sorted((old.keys() | new.keys()) - _OWN_WAYS):
            yield from _presence(key, old.get(key, _NOTHING), new.get(key, _NOTHING), where)

    def _fields(self, old: Schema, new: Schema, where: str) -> Iterator[Break]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed, needs = set(old.get("required", ())), set(new.get("required", ()))
        for name in before:
            place = f"{where}/{name.replace('~', '~0').replace('/', '~1')}"
            if name not in after:
                yield Break(place, "the field is gone", Reader.OLD)
                continue
            if name in needed - needs:
                yield Break(place, "was required, is optional", Reader.OLD)
            if name in needs - needed:
                yield Break(place, "was optional, is required", Reader.NEW)
            yield from self.values(before[name], after[name], place)
            defaults = [
                _resolved(side[name], root).get("default", _NOTHING)
                for side, root in ((before, self._old), (after, self._new))
            ]
            if name not in needed | needs and not _same(*defaults):
                yield Break(place, "its default changed: an event without it now says something else", Reader.NEW)
        for name in sorted(needs - before.keys()):
            yield Break(f"{where}/{name}", "a new required field", Reader.NEW)


def _type_changes(olds: list[str], news: list[str], where: str) -> Iterator[Break]:
    """What is left when all alternatives that have a counterpart are taken away."""
    if olds == ["integer"] and news == ["number"]:
        yield Break(where, "integer was widened to number", Reader.OLD)
    elif olds == ["number"] and news == ["integer"]:
        yield Break(where, "number was narrowed to integer", Reader.NEW)
    else:
        if olds:
            yield Break(where, f"can't be {' or '.join(olds)} any more", Reader.NEW)
        if news:
            yield Break(where, f"can now be {' or '.join(news)}", Reader.OLD)


def _listed_values(old: Schema, new: Schema, where: str) -> Iterator[Break]:
    one, two = old.get("enum", _NOTHING), new.get("enum", _NOTHING)
    if one is _NOTHING or two is _NOTHING:
        yield from _presence("enum", one, two, where)
        return
    if more := [value for value in two if not any(_same(value, known) for known in one)]:
        yield Break(where, f"its values were widened by {', '.join(map(repr, more))}", Reader.OLD)
    if less := [value for value in one if not any(_same(value, known) for known in two)]:
        yield Break(where, f"its values were narrowed by {', '.join(map(repr, less))}", Reader.NEW)


def _bounds(old: Schema, new: Schema, where: str) -> Iterator[Break]:
    for keys, sign in ((_LOWER_BOUNDS, 1), (_UPPER_BOUNDS, -1)):
        for key in sorted(keys):
            one, two = old.get(key), new.get(key)
            if one is None or two is None:
                yield from _presence(key, _NOTHING if one is None else one, _NOTHING if two is None else two, where)
            elif one != two:
                tighter = (two - one) * sign > 0
                yield Break(
                    where,
                    f"`{key}` was {'tightened' if tighter else 'loosened'} from {one} to {two}",
                    Reader.NEW if tighter else Reader.OLD,
                )


def _presence(key: str, old: Any, new: Any, where: str) -> Iterator[Break]:
    """A keyword that restricts, where it came, went or changed."""
    if old is _NOTHING and new is not _NOTHING:
        yield Break(where, f"`{key}` was added: narrower", Reader.NEW)
    elif old is not _NOTHING and new is _NOTHING:
        yield Break(where, f"`{key}` is gone: wider", Reader.OLD)
    elif not _same(old, new):
        yield Break(where, f"`{key}` changed from {old!r} to {new!r}", Reader.BOTH)


def _same(one: Any, two: Any) -> bool:
    """Equal as JSON: for Python `True == 1` and `[1] == [True]`."""
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(_same, one, two))
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(_same(one[key], two[key]) for key in one)
    return bool(one == two) and isinstance(one, bool) == isinstance(two, bool)


def _kind(schema: Schema) -> str:
    return str(schema.get("type", "any"))


def _alternatives(schema: Any, root: Schema) -> list[Schema]:
    """The branches of `anyOf` and `oneOf` and the members of a list of types, each with what stands beside them."""
    resolved = _resolved(schema, root)
    for key in ("anyOf", "oneOf"):
        if key in resolved:
            beside = {name: value for name, value in resolved.items() if name not in (key, "default")}
            return [
                alternative
                for branch in resolved[key]
                for alternative in _alternatives({"allOf": [beside, branch]} if beside else branch, root)
            ]
    if isinstance(resolved.get("type"), list):
        return [{**resolved, "type": one} for one in resolved["type"]]
    return [resolved]


def _resolved(schema: Any, root: Schema) -> Schema:
    """Without references, annotations and `const`; `allOf` merged where its parts don't contradict each other."""
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    plain = {key: value for key, value in schema.items() if key not in _ANNOTATIONS}
    parts = [_resolved(part, root) for part in plain.pop("allOf", [])]
    if reference := plain.pop("$ref", None):
        parts.append(_resolved(_target(reference, root), root))
    if "const" in plain:
        plain["enum"] = [plain.pop("const")]
    for part in parts:
        if any(not _same(plain[key], value) for key, value in part.items() if key in plain and key != "default"):
            return {**plain, "allOf": parts}
        plain = {**part, **plain}
    return plain


def _target(reference: str, root: Schema) -> Any:
    """What `#/$defs/Name` points to."""
    node: Any = root
    for step in reference.removeprefix("#").split("/")[1:]:
        node = node[step.replace("~1", "/").replace("~0", "~")]
    return node
