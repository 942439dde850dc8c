"""What lenses, retouchers and exports do to pixels, on purpose or not. Pixels are sRGB, height × width × 3, 8 bits."""

from functools import lru_cache
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageCms

from services.qc.inspection.colour import delta_e, lab, lab_of

Box = tuple[int, int, int, int]  # left, top, width, height; px
QUALITY = 92
_SEED = 7  # noise is the same each time


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def saved(pixels: Any, format: str = "JPEG", **options: Any) -> bytes:
    """A file of the pixels with an sRGB profile; a JPEG of quality 92 with its colours at full resolution."""
    if format == "JPEG":
        options = {"quality": QUALITY, "subsampling": 0, **options}
    elif format == "PNG":
        options = {"compress_level": 1, **options}
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.ascontiguousarray(pixels))
    file = BytesIO()
    image.save(file, format, **{"icc_profile": srgb_profile(), **options})
    return file.getvalue()


def read(data: bytes) -> Any:
    return np.asarray(Image.open(BytesIO(data)))


# Sharpness and surface


def blurred(pixels: Any, sigma: float) -> Any:
    return cv2.GaussianBlur(pixels, (0, 0), sigma)


def shaken(pixels: Any, length: float) -> Any:
    """By a camera that moved so many px to the side."""
    return cv2.blur(pixels, (round(length), 1))


def smoothed(pixels: Any, size: int = 5) -> Any:
    """Median over 5 px, as skin and fabric smoothing does."""
    return cv2.medianBlur(pixels, size)


def sharpened(pixels: Any, amount: float = 0.8, radius: float = 1.5) -> Any:
    """Unsharp mask: of 80 % over 1.5 px."""
    return cv2.addWeighted(pixels, 1 + amount, cv2.GaussianBlur(pixels, (0, 0), radius), -amount, 0)


def enlarged(pixels: Any, factor: float) -> Any:
    """Made from a picture that was so much smaller."""
    height, width = pixels.shape[:2]
    small = cv2.resize(pixels, (round(width / factor), round(height / factor)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def noisy(pixels: Any, sigma: float) -> Any:
    """As a sensor has it: each channel by itself. σ in levels."""
    random = np.random.default_rng(_SEED)
    return np.clip(pixels + random.normal(0, sigma, pixels.shape), 0, 255).astype(np.uint8)


def posterised(pixels: Any, tones: int) -> Any:
    """With only so many tones left of each channel."""
    step = 256 / tones
    return cv2.LUT(pixels, ((np.arange(256) // step + 0.5) * step).astype(np.uint8))


def rippled(pixels: Any, amplitude: float, period: float, inside: Any) -> Any:
    """Moiré over a third of what is inside: waves of magenta and green that bend with the cloth."""
    down, across = np.mgrid[: pixels.shape[0], : pixels.shape[1]].astype(np.float32)
    phase = 2 * np.pi * (0.88 * across + 0.48 * down) / period + 0.8 * np.sin(across / 170)
    rows = np.flatnonzero(inside.any(axis=1))
    top, height = rows[0], rows[-1] - rows[0]
    place = inside & (down > top + 0.35 * height) & (down < top + 0.7 * height)
    wave = (np.sin(phase) * place)[:, :, None] * np.array([amplitude, -amplitude / 2, amplitude], np.float32)
    return np.clip(pixels + wave, 0, 255).astype(np.uint8)


# Colour and light


def hue_turned(pixels: Any, degrees: float) -> Any:
    """Every hue turned in L*a*b*, lightness and chroma kept."""
    planes = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    a, b, angle = planes[..., 1].copy(), planes[..., 2].copy(), np.radians(degrees)
    planes[..., 1], planes[..., 2] = a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)
    return np.round(np.clip(cv2.cvtColor(planes, cv2.COLOR_Lab2RGB), 0, 1) * 255).astype(np.uint8)


def recoloured(pixels: Any, inside: Any, difference: float) -> Any:
    """What is inside moved in a* and b*, by so much that its colours are this far off in the mean (ΔE00)."""
    planes = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    some = pixels[inside][::97]
    low, high = 0.0, 90.0
    for _ in range(9):
        middle = (low + high) / 2
        if float(delta_e(lab_of(some[:, None]), lab_of(_moved(some[:, None], middle))).mean()) < difference:
            low = middle
        else:
            high = middle
    planes[..., 1] += high * 0.6 * inside
    planes[..., 2] -= high * 0.8 * inside
    return np.round(np.clip(cv2.cvtColor(planes, cv2.COLOR_Lab2RGB), 0, 1) * 255).astype(np.uint8)


def _moved(pixels: Any, by: float) -> Any:
    planes = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2Lab) + np.array([0, 0.6 * by, -0.8 * by])
    rgb = cv2.cvtColor(planes.astype(np.float32), cv2.COLOR_Lab2RGB)
    return np.round(np.clip(rgb, 0, 1) * 255).astype(np.uint8)


def scaled(pixels: Any, red: float, green: float, blue: float) -> Any:
    return np.clip(np.rint(pixels * np.array([red, green, blue], np.float32)), 0, 255).astype(np.uint8)


def yellowed(pixels: Any, chroma: float) -> Any:
    """By as much less blue as gives white this C*ab."""
    blue = next(level for level in range(254, 0, -1) if np.hypot(*lab(255, 255, level)[1:]) >= chroma)
    return scaled(pixels, 1, 1, blue / 255)


def darkened(pixels: Any, lightness: float, inside: Any) -> Any:
    """In linear light, until the median L* of what is inside is so much less."""
    some = pixels[inside][::97][:, None]
    before = float(np.median(lab_of(some)[..., 0]))
    low, high = 0.0, 1.0
    for _ in range(9):
        middle = (low + high) / 2
        if before - float(np.median(lab_of(_lit(some, middle))[..., 0])) > lightness:
            low = middle
        else:
            high = middle
    return _lit(pixels, low)


def _lit(pixels: Any, factor: float) -> Any:
    """By so much of the light, by the power of 2.2 that sRGB is near to."""
    return cv2.LUT(pixels, np.rint(np.arange(256) * factor ** (1 / 2.2)).astype(np.uint8))


def crushed(pixels: Any, percent: float, inside: Any) -> Any:
    """Levels pulled down until so many per cent of what is inside are pure black."""
    level = float(np.percentile(pixels[inside][::7].max(axis=1), percent))
    return np.clip((pixels.astype(np.float32) - level) * (255 / (255 - level)), 0, 255).astype(np.uint8)


def burnt(pixels: Any, percent: float, inside: Any) -> Any:
    """By a lamp, in a round place deep in what is inside: so many per cent of it are pure white, and it fades out over
    twice their radius."""
    depth = cv2.distanceTransform(np.pad(inside.astype(np.uint8), 1), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    radius = float(np.sqrt(percent / 100 * inside.sum() / np.pi))
    down, across = np.mgrid[: pixels.shape[0], : pixels.shape[1]].astype(np.float32)
    glow = np.clip(1.5 - np.hypot(down - y, across - x) / (2 * radius), 0, 1)[:, :, None]
    return np.rint(pixels + (255 - pixels.astype(np.float32)) * glow).astype(np.uint8)


def overexposed(pixels: Any, stops: float) -> Any:
    return cv2.LUT(pixels, np.clip(np.rint(np.arange(256) * 2 ** (stops / 2.2)), 0, 255).astype(np.uint8))


def unevenly_lit(pixels: Any, lightness: float) -> Any:
    """Light that falls off from the top to the bottom by so much of L* on white."""
    fall = ((100 - lightness + 16) / 116) ** 3  # of L*, in linear light
    shade = np.linspace(1, fall, pixels.shape[0], dtype=np.float32) ** np.float32(1 / 2.2)
    return np.rint(pixels * shade[:, None, None]).astype(np.uint8)


def stained(pixels: Any, percent: float, outside: Any) -> Any:
    """Soft grey shade over so many per cent of the background, from a corner that is background."""
    height, width = outside.shape
    far = np.full(outside.shape, np.inf, np.float32)
    down, across = np.mgrid[:height, :width].astype(np.float32)
    for x in (0, width - 1):
        if outside[2:40, min(max(x, 2), width - 3)].all():
            far = np.minimum(far, np.hypot(down, across - x))
    radius = float(np.percentile(far[outside], percent))
    shade = 1 - 0.07 * np.clip((radius * 1.06 - far) / (0.12 * radius), 0, 1)
    return np.rint(pixels * np.where(outside, shade, 1)[:, :, None]).astype(np.uint8)


# Shape and place


def slimmed(pixels: Any, percent: float, height: float = 0.5, box: Box | None = None) -> Any:
    """Drawn in towards its middle line at a height of the product's box."""
    rows, columns = pixels.shape[:2]
    left, top, width, tall = box or _box(pixels)
    down, across = np.mgrid[0:rows, 0:columns].astype(np.float32)
    middle, waist = left + width / 2, top + tall * height
    pull = percent / 100 * np.exp(-(((down - waist) / (0.12 * tall)) ** 2))
    fading = np.clip(1 - np.maximum(0, np.abs(across - middle) - width / 2) / (0.15 * width), 0, 1)
    source = middle + (across - middle) / (1 - pull * fading)
    return cv2.remap(pixels, source.astype(np.float32), down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def stretched(pixels: Any, percent: float) -> Any:
    """Longer, and as wide as before."""
    rows, columns = pixels.shape[:2]
    scale = 1 + percent / 100
    matrix = np.array([[1, 0, 0], [0, scale, rows / 2 * (1 - scale)]], np.float64)
    return cv2.warpAffine(pixels, matrix, (columns, rows), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def shifted(pixels: Any, right: float = -5, down: float = 7) -> Any:
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float64)
    size = (pixels.shape[1], pixels.shape[0])
    return cv2.warpAffine(pixels, matrix, size, borderMode=cv2.BORDER_REPLICATE)


def turned(pixels: Any, degrees: float, ground: tuple[int, int, int]) -> Any:
    """Clockwise around the middle, and a little smaller, so that it stays in the frame."""
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 0.92)
    return cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=ground)


def resized(pixels: Any, scale: float, how: Image.Resampling = Image.Resampling.LANCZOS) -> Any:
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, how))


def shrunk(pixels: Any, scale: float, ground: tuple[int, int, int]) -> Any:
    """So much smaller in the middle of the same frame."""
    height, width = pixels.shape[:2]
    small = cv2.resize(pixels, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    frame = np.full_like(pixels, ground)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    return frame


def _box(pixels: Any) -> Box:
    """Of what isn't white."""
    left, top, width, height = cv2.boundingRect((pixels.min(axis=2) < 240).astype(np.uint8))
    return left, top, width, height
