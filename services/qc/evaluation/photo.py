"""A clean photo that defects are made from, and all that the engine compares a file with."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import cv2

from contracts.values import ImageSpec
from services.qc.evaluation.changes import Box
from services.qc.inspection.fingerprint import Fingerprint, fingerprint
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import AiUse, Naming, Neighbour, Reference, Slot

_VIEWS = frozenset({"front", "back", "side", "detail"})


@dataclass(frozen=True)
class Case:
    """What the engine is asked to measure."""

    data: bytes
    filename: str
    spec: ImageSpec
    reference: Reference


@dataclass(frozen=True)
class Photo:
    file: str
    data: bytes
    frame: Frame
    slot: Slot
    spec: ImageSpec
    siblings: tuple[Neighbour, ...]  # the same view of the SKU's other colorways

    def case(self, data: bytes, *, reference: Reference | None = None, suffix: str = ".jpg", **spec: Any) -> Case:
        """A file made from it, under the photo's own spec with these changes. The rule for names asks for .jpg."""
        asked = self.spec.model_copy(update=spec) if spec else self.spec
        reference = reference or self.reference
        if suffix != ".jpg":
            reference = replace(reference, naming=None)
        return Case(data, self.name(suffix), asked, reference)

    def name(self, suffix: str = ".jpg") -> str:
        return f"{self.slot.sku}_{self.slot.colorway}_{self.slot.view}{suffix}"

    @cached_property
    def reference(self) -> Reference:
        """The clean photo as approved capture and colour reference, as the rest of its batch and as another view; the
        real pictures of its other colorways in other slots."""
        own = self.fingerprint
        return Reference(
            capture=self.frame,
            colour=self.frame,
            batch=(own, own, own),
            views=(self.neighbour(view="side"),),
            others=self.siblings,
            slot=self.slot,
            naming=Naming("{sku}_{colorway}_{view}.jpg", frozenset({self.slot.sku}), _VIEWS | {self.slot.view}),
            ai_use=AiUse.NONE,
        )

    @cached_property
    def fingerprint(self) -> Fingerprint:
        found = fingerprint(self.frame)
        assert found is not None
        return found

    def neighbour(self, **elsewhere: str) -> Neighbour:
        """This very photo in another slot."""
        return Neighbour(replace(self.slot, **elsewhere), self.fingerprint)

    @property
    def pixels(self) -> Any:
        assert self.frame.picture is not None
        return self.frame.picture.rgb

    @property
    def box(self) -> Box | None:
        """Of the subject, px of the file; None without a subject, or where no background parts it."""
        subject = self.frame.subject
        if subject.box is None or subject.by == "frame":
            return None
        left, top, width, height = (side * subject.scale for side in subject.box)
        return left, top, width, height

    @property
    def ground(self) -> tuple[int, int, int]:
        """The background's colour."""
        return self.frame.subject.background or (255, 255, 255)

    @cached_property
    def inside(self) -> Any:
        """Where the subject is for certain, at the file's size: true or false."""
        return self._full(self.frame.subject.inner)

    @cached_property
    def outside(self) -> Any:
        return self._full(self.frame.subject.outside)

    @cached_property
    def share(self) -> Any:
        """How much of each pixel is subject, 0–1, with a soft edge: for setting it before another backdrop."""
        mask = cv2.GaussianBlur(self._full(self.frame.subject.mask).astype("float32"), (0, 0), 0.8)
        return mask[..., None]

    def _full(self, mask: Any) -> Any:
        return cv2.resize(mask, self.pixels.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0

    @property
    def gaps(self) -> tuple[int, int, int, int] | None:
        """Px of the file beside the subject: left, top, right, bottom."""
        if self.box is None:
            return None
        height, width = self.pixels.shape[:2]
        left, top, across, down = self.box
        return left, top, max(0, width - left - across), max(0, height - top - down)

    @property
    def is_whole(self) -> bool:
        return self.gaps is not None and min(self.gaps) > 2 * self.frame.subject.scale
