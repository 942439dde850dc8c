"""T09, T23, T26, T27: the places that sharpness, noise, moiré and enlargement were judged by."""

import numpy as np

from contracts.values import ImageSpec
from services.qc.inspection.checks.moire import TILES as MOIRE_TILES
from services.qc.inspection.checks.moire import genuine_amplitude, waves_of
from services.qc.inspection.checks.noise import PATCH, grain_of
from services.qc.inspection.checks.noise import TILES as NOISE_TILES
from services.qc.inspection.checks.upscaled import richest
from services.qc.inspection.evidence.layer import Ink, Layer
from services.qc.inspection.evidence.registry import evidence
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.tiles import SIDE, sampled, some


@evidence("T09")
def focus(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer | None:
    """The edges that were judged, by their width: where the sharp ones lie, the focus does."""
    edges, bounds = frame.edges, frame.thresholds.edge_width
    if edges is None:
        return None
    layer = Layer(frame)
    at = np.stack([edges.x, edges.y], axis=1) + 0.5
    layer.dots(at[edges.width > bounds.flags], Ink.RED)
    layer.dots(at[(edges.width > bounds.passes) & (edges.width <= bounds.flags)], Ink.ORANGE)
    layer.dots(at[edges.width <= bounds.passes], Ink.BLUE)
    layer.says(Ink.BLUE, f"sharp: an edge at most {bounds.passes:g} px wide")
    layer.says(Ink.ORANGE, "soft: an edge wider than that")
    layer.says(Ink.RED, f"out of focus: an edge wider than {bounds.flags:g} px")
    return layer


@evidence("T23")
def noise(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer | None:
    """The flattest patches: there nothing but noise varies."""
    grain = grain_of(some(frame.tiles, NOISE_TILES))
    if grain is None:
        return None
    layer, corners, a_row = Layer(frame), some(sampled(frame.subject), NOISE_TILES), SIDE // PATCH
    whole = np.full((PATCH, PATCH), 255, np.uint8)
    for row, column in zip(*np.divmod(grain.patches, a_row), strict=True):
        top, left = corners[row // a_row]
        layer.fill(whole, 1, Ink.ORANGE, (int(top + row % a_row * PATCH), int(left + column * PATCH)))
    layer.around_fills(Ink.ORANGE)
    layer.says(Ink.ORANGE, "the flattest places that were judged: look at them at 100 %")
    return layer


@evidence("T26")
def moire(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer:
    """The tiles with a wave of colour."""
    layer, most = Layer(frame), frame.thresholds.moire.passes + genuine_amplitude(reference)
    waves = waves_of(some(frame.tiles, MOIRE_TILES))
    for top, left in some(sampled(frame.subject), MOIRE_TILES)[waves > most].tolist():
        layer.box(left, top, SIDE, SIDE, Ink.ORANGE)
    layer.says(Ink.ORANGE, f"waves of colour of more than {most:.1f} levels; a sample of the surface was judged")
    return layer


@evidence("T27")
def upscaled(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer:
    """Where there is most detail, and yet none of the finest."""
    layer = Layer(frame)
    for top, left in sampled(frame.subject)[richest(frame.grey_tiles)].tolist():
        layer.box(left, top, SIDE, SIDE, Ink.ORANGE)
    layer.says(Ink.ORANGE, "the places with most detail, which lack the finest: look at them at 100 %")
    return layer
