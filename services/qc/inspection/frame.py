"""One file as the checks see it: what it says, its pixels and its subject, each worked out once."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import cv2

from services.qc.inspection.decoding import Picture, Pixels, decode
from services.qc.inspection.edges import Edges, strongest_edges
from services.qc.inspection.formats import sniff
from services.qc.inspection.header import Header, TooLarge, Undecodable, can_decode, read_header, refuse_bomb
from services.qc.inspection.photoshop import cut_out, read_paths
from services.qc.inspection.regions import Region, cluster
from services.qc.inspection.registration import Registration, register
from services.qc.inspection.subject import Subject, by_path, find_subject
from services.qc.inspection.thresholds import Thresholds
from services.qc.inspection.tiles import column, sample


@dataclass(frozen=True)
class Frame:
    filename: str
    size: int  # bytes
    format: str | None  # by the first bytes
    header: Header | None
    picture: Picture | None
    problem: str | None  # why there is no header or no picture
    refused: bool  # decoding was refused as unsafe; `problem` says why
    thresholds: Thresholds
    data: bytes = field(repr=False)
    _registered: "list[tuple[Frame, Registration | None]]" = field(
        init=False, default_factory=list, repr=False, compare=False
    )

    @cached_property
    def grey(self) -> Pixels:
        assert self.picture is not None
        return cv2.cvtColor(self.picture.rgb, cv2.COLOR_RGB2GRAY)

    @cached_property
    def subject(self) -> Subject:
        assert self.picture is not None
        assert self.header is not None
        found = find_subject(self.picture)
        closed = [path for path in read_paths(self.header.photoshop) if path.closed] if found.by == "frame" else []
        if len(closed) != 1:  # of several, nothing says which one is meant
            return found
        mask = cut_out(closed[0], self.header, found.scale, found.mask.shape)
        return by_path(found, mask) if cv2.countNonZero(mask) else found

    @cached_property
    def edges(self) -> Edges | None:
        """The subject's strongest, of a third of it where they are clearly sharp; None where it has too few."""
        return strongest_edges(self.grey, self.subject, self.thresholds.enlarged_edge_width)

    @cached_property
    def edge_width(self) -> float | None:
        """Of the subject's sharpest edges, px; None where it has too few."""
        return None if self.edges is None else self.edges.typical_width

    @cached_property
    def tiles(self) -> Pixels:
        """A fair sample of the subject, RGB: number × 64 × 64 × 3."""
        assert self.picture is not None
        return sample(self.picture.rgb, self.subject)

    @cached_property
    def grey_tiles(self) -> Pixels:
        """The same in grey: number × 64 × 64."""
        if not len(self.tiles):
            return self.tiles[..., 0]
        return cv2.cvtColor(column(self.tiles), cv2.COLOR_RGB2GRAY).reshape(self.tiles.shape[:3])

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        return cluster(self.subject.pixels)

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def registered(self, approved: "Frame") -> Registration | None:
        """How the approved file lies over this one; None where that can't be told."""
        for other, registration in self._registered:
            if other is approved:
                return registration
        registration = register(approved.subject, self.subject)
        self._registered.append((approved, registration))
        return registration


def read_frame(data: bytes, filename: str, thresholds: Thresholds) -> Frame:
    """Never raises: what is wrong with the bytes is in the frame."""
    format, header, picture, problem, refused = sniff(data), None, None, None, False
    try:
        if not data:
            raise Undecodable("the file is empty")
        if format is None:
            raise Undecodable("the bytes are no image format that is known here")
        if not can_decode(format):
            raise Undecodable(f"{format.upper()} files aren't taken")
        header = read_header(data, format)
        refuse_bomb(header, data, format)
        picture = decode(data, format, header)
    except Undecodable as error:
        problem, refused = str(error), isinstance(error, TooLarge)
    return Frame(filename, len(data), format, header, picture, problem, refused, thresholds, data)
