"""Colorways of the sample catalogue, as red, green, blue (0–255) on the lit surface."""

from packshot.sample.studio import Colour

COLORWAYS: dict[str, Colour] = {
    "black": (44, 44, 48),
    "charcoal": (84, 86, 92),
    "gray": (164, 166, 170),
    "navy": (46, 60, 98),
    "blue": (66, 112, 178),
    "teal": (42, 122, 128),
    "green": (58, 104, 80),
    "olive": (108, 110, 74),
    "sand": (204, 184, 152),
    "cream": (228, 218, 198),
    "rust": (184, 96, 58),
    "red": (184, 52, 56),
    "plum": (104, 58, 92),
    "pink": (222, 164, 166),
    "brown": (112, 78, 56),
    "tan": (176, 128, 84),
    "silver": (196, 198, 202),
    "gold": (206, 172, 112),
}


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` of the second colour in the first."""
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return red, green, blue


def darker(colour: Colour, share: float) -> Colour:
    return mix(colour, (12, 12, 14), share)


def lighter(colour: Colour, share: float) -> Colour:
    return mix(colour, (250, 249, 246), share)


def thread(colour: Colour) -> Colour:
    """Sewing thread that shows on this cloth."""
    return lighter(colour, 0.22) if sum(colour) < 380 else darker(colour, 0.2)
