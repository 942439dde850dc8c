"""The colours of a subject: clustered once, so that other files are compared by the same regions."""

from dataclasses import dataclass

import numpy as np

from services.qc.inspection.colour import Plane, delta_e, lab_of
from services.qc.inspection.decoding import Pixels

_MOST = 6
_APART = 14.0  # between the first guesses at two regions, in the metric below
_BIN = 8.0
_OFFSET = 32  # bins: more than any colour is from grey
_METRIC = np.array([0.5, 1.0, 1.0], np.float32)  # light and shade part a garment less than hue does
_MOST_PIXELS = 20_000  # that are judged
_ROUNDS = 8
_LEAST_SHARE = 0.01


@dataclass(frozen=True)
class Region:
    """One colour of a subject."""

    lab: tuple[float, float, float]  # its mean
    share: float  # of the subject's pixels


def cluster(pixels: Pixels) -> tuple[Region, ...]:
    """The colours of sRGB pixels (n × 3), the largest first; the same ones for the same pixels. Empty without any."""
    if not len(pixels):
        return ()
    colours = _some(pixels) * _METRIC
    binned = np.round(colours / _BIN).astype(np.int64) + _OFFSET
    keys, counts = np.unique(binned @ (_OFFSET * 2) ** np.arange(3), return_counts=True)
    bins = np.stack([keys // (_OFFSET * 2) ** axis % (_OFFSET * 2) for axis in range(3)], axis=1) - _OFFSET
    centres: list[Plane] = []
    for guess in bins[np.argsort(-counts, kind="stable")] * _BIN:
        if all(np.linalg.norm(guess - other) >= _APART for other in centres):
            centres.append(guess)
            if len(centres) == _MOST:
                break
    found: Plane = np.array(centres)
    for _ in range(_ROUNDS):
        nearest = _nearest(colours, found)
        sizes = np.bincount(nearest, minlength=len(found))
        found = np.stack([np.bincount(nearest, colours[:, axis], len(found)) for axis in range(3)], axis=1)
        found = found[sizes > 0] / sizes[sizes > 0, None]
    shares = np.bincount(_nearest(colours, found), minlength=len(found)) / len(colours)
    return tuple(
        Region((float(lab[0]), float(lab[1]), float(lab[2])), float(share))
        for share, lab in sorted(zip(shares, found / _METRIC, strict=True), key=lambda one: -one[0])
        if share >= _LEAST_SHARE
    )


def grouped(pixels: Pixels, regions: tuple[Region, ...]) -> tuple[Region, ...]:
    """The colours of sRGB pixels (n × 3), clustered as another picture's are: so that one picture has the same regions
    twice, however it was saved."""
    if not len(pixels) or not regions:
        return ()
    lab = _some(pixels)
    mean, share = means(lab, assign(lab, regions), len(regions))
    return tuple(
        Region((float(one[0]), float(one[1]), float(one[2])), float(part))
        for one, part in zip(mean, share, strict=True)
        if part > 0
    )


def _some(pixels: Pixels) -> Plane:
    """L*a*b* of as many of them as are judged."""
    return lab_of(pixels[:: -(-len(pixels) // _MOST_PIXELS)][:, None])[:, 0]


def assign(lab: Plane, regions: tuple[Region, ...]) -> Plane:
    """Which region each colour (n × 3) is nearest to."""
    return _nearest(lab * _METRIC, np.array([region.lab for region in regions], np.float32) * _METRIC)


def _nearest(colours: Plane, centres: Plane) -> Plane:
    """By squares, less those of the colours themselves, which are the same for all centres."""
    return np.asarray(((centres**2).sum(axis=1) - 2 * (colours @ centres.T)).argmin(axis=1))


def means(lab: Plane, labels: Plane, count: int) -> tuple[Plane, Plane]:
    """Mean colour of each region, and its share of the pixels; NaN for a region without pixels."""
    sizes = np.bincount(labels, minlength=count).astype(float)
    sums = np.stack([np.bincount(labels, lab[:, axis], count) for axis in range(3)], axis=1)
    with np.errstate(invalid="ignore"):
        return sums / sizes[:, None], sizes / max(1.0, sizes.sum())


def palette_distance(first: tuple[Region, ...], second: tuple[Region, ...]) -> float | None:
    """Mean ΔE00 that the colours of one subject must move to become those of another, nearest ones first; None where
    one has no colours."""
    if not first or not second:
        return None
    apart = delta_e(_labs(first)[:, None], _labs(second)[None])
    left, right = _shares(first), _shares(second)
    moved = 0.0
    for place in np.argsort(apart, axis=None, kind="stable"):
        one, other = divmod(int(place), len(second))
        share = min(left[one], right[other])
        moved += share * float(apart[one, other])
        left[one], right[other] = left[one] - share, right[other] - share
    return moved


def nearest_of(regions: tuple[Region, ...], others: tuple[Region, ...]) -> Plane:
    """ΔE00 from each region to the nearest of the others."""
    return np.asarray(delta_e(_labs(regions)[:, None], _labs(others)[None]).min(axis=1))


def _labs(regions: tuple[Region, ...]) -> Plane:
    return np.array([region.lab for region in regions])


def _shares(regions: tuple[Region, ...]) -> Plane:
    shares: Plane = np.array([region.share for region in regions])
    shares /= shares.sum()
    return shares
