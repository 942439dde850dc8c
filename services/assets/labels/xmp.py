"""XMP packets (ISO 16684-1): the labels written, and read out of whatever a file brings."""

from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from services.assets.labels.fields import FIELDS, NAMESPACES, Labels, Shape, tidy

MOST_BYTES = 1_000_000
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_NAMES = {
    f"{NAMESPACES[prefix]} {name}": f"{prefix}:{name}" for prefix, _, name in (one.partition(":") for one in FIELDS)
}
_ROOT, _DESCRIPTION, _RESOURCE, _ITEM = f"{_RDF} RDF", f"{_RDF} Description", f"{_RDF} resource", f"{_RDF} li"
_LANGUAGE = "http://www.w3.org/XML/1998/namespace lang"
_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_END = '<?xpacket end="r"?>'


class UnreadableXmp(ValueError):
    """There is a packet, and it can't be read."""


def write_packet(labels: Labels) -> bytes | None:
    """The same labels, the same bytes. None where there are none."""
    fields = tidy(labels)
    if not fields:
        return None
    prefixes = sorted({field.partition(":")[0] for field in fields})
    spaces = "".join(f" xmlns:{prefix}={quoteattr(NAMESPACES[prefix])}" for prefix in prefixes)
    body = "".join(_element(field, values) for field, values in fields.items())
    return (
        f'{_BEGIN}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">'
        f'<rdf:Description rdf:about=""{spaces}>{body}</rdf:Description></rdf:RDF></x:xmpmeta>{_END}'
    ).encode()


def read_packet(packet: bytes) -> Labels:
    """The fields of the file itself: not those that it tells of its ingredients. Raises `UnreadableXmp`."""
    if len(packet) > MOST_BYTES:
        raise UnreadableXmp("it is too large")
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.begin, reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(packet.strip(b"\0 \r\n\t"), True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise UnreadableXmp(str(error)[:80]) from error
    return tidy({field: tuple(values) for field, values in reader.found.items()})


def _element(field: str, values: tuple[str, ...]) -> str:
    shape = FIELDS[field]
    if shape is Shape.TEXT:
        return f"<{field}>{escape(values[0])}</{field}>"
    language = ' xml:lang="x-default"' if shape is Shape.BY_LANGUAGE else ""
    items = "".join(f"<rdf:li{language}>{escape(value)}</rdf:li>" for value in values)
    return f"<{field}><rdf:{shape.value}>{items}</rdf:{shape.value}></{field}>"


def _refuse(*_: object) -> None:
    raise UnreadableXmp("it declares entities")


class _Reader:
    """A field is a child or an attribute of a description that stands directly under the root."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}
        self._open: list[str] = []
        self._field: str | None = None
        self._depth = 0  # of the field's element
        self._text: list[str] = []
        self._default = False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        above = self._open[-2:]
        self._open.append(name)
        if name == _DESCRIPTION and above[-1:] == [_ROOT]:
            for attribute, value in attributes.items():
                if field := _NAMES.get(attribute):
                    self._keep(field, value)
        elif name in _NAMES and above == [_ROOT, _DESCRIPTION]:
            self._field, self._depth, self._text = _NAMES[name], len(self._open), []
            self._keep(self._field, attributes.get(_RESOURCE, ""))
        elif name == _ITEM and self._field is not None:
            self._text = []
            self._default = attributes.get(_LANGUAGE) == "x-default"

    def text(self, part: str) -> None:
        if self._field is not None:
            self._text.append(part)

    def end(self, name: str) -> None:
        self._open.pop()
        if self._field is None:
            return
        if name == _ITEM and len(self._open) == self._depth + 1:
            self._keep(self._field, "".join(self._text), first=self._default)
            self._text = []
        if len(self._open) < self._depth:
            if not self.found.get(self._field):
                self._keep(self._field, "".join(self._text))
            self._field = None

    def _keep(self, field: str, value: str, *, first: bool = False) -> None:
        if value.strip():
            values = self.found.setdefault(field, [])
            values.insert(0 if first else len(values), value.strip())
