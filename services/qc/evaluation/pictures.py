"""Small pictures of the examples: the clean photo, what was made of it, and where the two differ."""

import base64
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from services.qc.evaluation.defects import DEFECTS
from services.qc.evaluation.harmless import HARMLESS
from services.qc.evaluation.photo import Case, Photo
from services.qc.evaluation.registry import CONTROL
from services.qc.evaluation.results import Evaluation, Example
from services.qc.evaluation.running import Listed, Progress, measured, read_list, read_photo
from services.qc.inspection.frame import Frame
from services.qc.inspection.thresholds import Thresholds

_HEIGHT, _SIDE = 240, 176  # px of a whole picture, and of one at 100 %
_QUALITY = 72
_CLOSE = frozenset({"T09", "T16", "T22", "T23", "T24", "T26", "T27", "F03"})  # seen at 100 % only
_FAINTEST = 3.0  # levels of difference that are shown
_MAGENTA, _GREEN, _INK = (226, 0, 148), (0, 150, 90), (20, 20, 20)


@dataclass(frozen=True)
class Shown:
    """One picture as a data URI, and what it shows."""

    caption: str
    uri: str
    close: bool = False  # at 100 %, not to be scaled


@dataclass(frozen=True)
class PictureTask:
    """The examples of one photo."""

    listed: Listed
    examples: tuple[tuple[int, Example], ...]  # with their place in the list
    thresholds: Thresholds


def draw_examples(
    evaluation: Evaluation, catalogue: Path, *, processes: int = 1, on_progress: Progress | None = None
) -> dict[int, list[Shown]]:
    """The pictures of every example, by its place. They are made anew from the catalogue."""
    placed = list(enumerate(evaluation.examples))
    tasks = [
        PictureTask(one, tuple(pair for pair in placed if pair[1].photo == one.path.name), evaluation.thresholds)
        for one in read_list(catalogue)
    ]
    tasks = [task for task in tasks if task.examples]
    drawn: dict[int, list[Shown]] = {}
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for done, found in enumerate(pool.map(draw, tasks), 1):
            drawn.update(found)
            if on_progress:
                on_progress(done, len(tasks))
    return drawn


def draw(task: PictureTask) -> list[tuple[int, list[Shown]]]:
    """The pictures of each of its examples."""
    photo = read_photo(task.listed, task.thresholds)
    found = []
    for place, example in task.examples:
        case = made(photo, example)
        frame = measured(case, task.thresholds, ())[0] if case else None
        found.append((place, _pictures(photo, frame, example) if frame else []))
    return found


def made(photo: Photo, example: Example) -> Case | None:
    """The file of an example, made anew."""
    if example.source == "clean":
        return photo.case(photo.data)
    if example.source == "harmless":
        return next(one for one in HARMLESS if one.name == example.name).make(photo)
    severity = CONTROL if example.source == "control" else example.severity
    return next(one for one in DEFECTS if one.id == example.name).make(photo, severity)


def _pictures(photo: Photo, frame: Frame, example: Example) -> list[Shown]:
    clean = photo.pixels
    if frame.picture is None:
        return [Shown("clean", _whole(clean))]
    pixels = frame.picture.rgb
    if example.source == "clean":
        return [Shown("clean", _whole(clean)), Shown("the subject as the engine sees it", _where(frame, None, None))]
    changed = _difference(clean, pixels)
    window = _window(changed) if changed is not None and example.check in _CLOSE else None
    if window is None:
        shown = [Shown("clean", _whole(clean)), Shown("as delivered", _whole(pixels))]
    else:
        shown = [
            Shown("clean, at 100 %", _uri(clean[window]), True),
            Shown("as delivered, at 100 %", _uri(pixels[window]), True),
        ]
    if changed is None:
        return [*shown, Shown("the subject as the engine sees it", _where(frame, None, None))]
    return [*shown, Shown("what changed, and the subject", _where(frame, changed, window))]


def _difference(clean: Any, pixels: Any) -> Any:
    """Levels, softened; None for pictures of two sizes."""
    if clean.shape != pixels.shape:
        return None
    return cv2.blur(cv2.absdiff(clean, pixels).max(axis=2), (9, 9))


def _window(changed: Any) -> Any:
    """The square that has changed most."""
    height, width = changed.shape
    side = min(_SIDE, height, width)
    summed = cv2.blur(changed.astype(np.float32), (side, side))
    half = side // 2
    inner = summed[half : height - half, half : width - half]
    top, left = np.unravel_index(int(inner.argmax()), inner.shape) if inner.size else (0, 0)
    return np.s_[int(top) : int(top) + side, int(left) : int(left) + side]


def _where(frame: Frame, changed: Any, window: Any) -> str:
    """The picture faded, what changed in magenta, the subject's outline and box in green."""
    assert frame.picture is not None
    height, width = frame.picture.rgb.shape[:2]
    size = (max(1, round(width * _HEIGHT / height)), _HEIGHT)
    small = cv2.resize(frame.picture.rgb, size, interpolation=cv2.INTER_AREA)
    canvas = np.rint(160 + cv2.cvtColor(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB) * 0.37)
    if changed is not None:
        amount = cv2.resize(changed, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        share = np.clip((amount - _FAINTEST) / max(10.0, float(amount.max()) * 0.6), 0, 1)[..., None]
        canvas = canvas * (1 - share) + np.array(_MAGENTA) * share
    canvas = np.ascontiguousarray(np.clip(canvas, 0, 255).astype(np.uint8))
    subject = frame.subject
    if subject.by != "frame":
        mask = cv2.resize(subject.mask, size, interpolation=cv2.INTER_LINEAR)
        outlines, _ = cv2.findContours((mask > 127).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(canvas, outlines, -1, _GREEN, 1, cv2.LINE_AA)
    if window is not None:
        scale = _HEIGHT / height
        rows, columns = window
        first, last = (
            (round(getattr(columns, end) * scale), round(getattr(rows, end) * scale)) for end in ("start", "stop")
        )
        cv2.rectangle(canvas, first, last, _INK, 1)
    return _uri(canvas)


def _whole(pixels: Any) -> str:
    height, width = pixels.shape[:2]
    size = (max(1, round(width * _HEIGHT / height)), _HEIGHT)
    return _uri(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _uri(pixels: Any) -> str:
    file = BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
