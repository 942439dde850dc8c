"""The products of the sample catalogue: what they are, the colours they come in, and how each view is taken."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from packshot.sample import bags, shoes, tops, trousers, watches
from packshot.sample.colours import COLORWAYS, darker, lighter
from packshot.sample.studio import Colour, Studio

Draw = Callable[[Studio, Colour, bool], None]  # the studio, the colour, and whether the back is shown


@dataclass(frozen=True, slots=True)
class Design:
    """One product as it can be drawn in any of its colorways."""

    code: str
    category: str
    product_type: str
    noun: str
    colorways: tuple[str, ...]
    draw: Draw
    zoom: float  # of the detail view
    centre: tuple[float, float]  # of the detail view, x from the centre line


@dataclass(frozen=True, slots=True)
class Product:
    """A design as one SKU."""

    sku: str
    name: str
    design: Design
    colorways: tuple[str, ...]


def _striped(colour: Colour) -> Colour:
    return darker(colour, 0.62) if sum(colour) > 380 else lighter(colour, 0.8)


def _pocket_tee(studio: Studio, colour: Colour, back: bool) -> None:
    tops.tee(studio, colour, back=back, surface="jersey", pocket=True, stripe=None)


def _striped_tee(studio: Studio, colour: Colour, back: bool) -> None:
    tops.tee(studio, colour, back=back, surface="jersey", pocket=False, stripe=_striped(colour))


def _pullover(studio: Studio, colour: Colour, back: bool) -> None:
    tops.hoodie(studio, colour, back=back, surface="fleece", zipped=False)


def _zip_hoodie(studio: Studio, colour: Colour, back: bool) -> None:
    tops.hoodie(studio, colour, back=back, surface="heather", zipped=True)


def _chino(studio: Studio, colour: Colour, back: bool) -> None:
    trousers.chino(studio, colour, back=back)


def _jogger(studio: Studio, colour: Colour, back: bool) -> None:
    trousers.jogger(studio, colour, back=back)


def _backpack(studio: Studio, colour: Colour, back: bool) -> None:
    bags.backpack(studio, colour, back=back)


def _tote(studio: Studio, colour: Colour, back: bool) -> None:
    bags.tote(studio, colour, back=back)


def _analog(studio: Studio, colour: Colour, back: bool) -> None:
    watches.analog(studio, colour, back=back, gold=colour in (COLORWAYS["tan"], COLORWAYS["green"]))


def _digital(studio: Studio, colour: Colour, back: bool) -> None:
    watches.digital(studio, colour, back=back)


def _runner(studio: Studio, colour: Colour, back: bool) -> None:
    shoes.runner(studio, colour, back=back)


def _low(studio: Studio, colour: Colour, back: bool) -> None:
    shoes.low(studio, colour, back=back)


_KNIT = ("navy", "gray", "rust", "green", "black", "plum", "pink", "teal", "sand")
# The first six are of six product types, and so are the others: any six SKUs in a row show all types.
DESIGNS = (
    Design("TS", "apparel", "t-shirt", "Pocket Tee", _KNIT, _pocket_tee, 2.4, (110, 570)),
    Design("HD", "apparel", "hoodie", "Pullover Hoodie", _KNIT, _pullover, 2.4, (0, 640)),
    Design("TR", "apparel", "trousers", "Chino", ("sand", "navy", "olive", "black", "brown"), _chino, 3.2, (0, 330)),
    Design("BG", "bags", "bag", "Daypack", ("olive", "navy", "black", "rust", "gray"), _backpack, 2.4, (120, 860)),
    Design("WA", "jewelry", "watch", "Watch", ("brown", "black", "tan", "navy", "green"), _analog, 3.2, (60, 800)),
    Design("SH", "shoes", "shoe", "Runner", ("teal", "black", "red", "gray", "blue"), _runner, 3.2, (-20, 790)),
    Design("TS", "apparel", "t-shirt", "Striped Tee", ("cream", "navy", "red", "green"), _striped_tee, 2.4, (0, 560)),
    Design("HD", "apparel", "hoodie", "Zip Hoodie", ("charcoal", "gray", "blue", "plum"), _zip_hoodie, 2.4, (20, 980)),
    Design("TR", "apparel", "trousers", "Jogger", ("charcoal", "olive", "plum", "gray"), _jogger, 3.2, (0, 340)),
    Design("BG", "bags", "bag", "Tote", ("cream", "black", "sand", "pink", "teal"), _tote, 2.4, (110, 740)),
    Design("WA", "jewelry", "watch", "Sports Watch", ("black", "blue", "olive", "red"), _digital, 3.2, (40, 800)),
    Design("SH", "shoes", "shoe", "Sneaker", ("cream", "navy", "brown", "black", "pink"), _low, 3.2, (-20, 800)),
)
_NAMES = (
    "Harbour", "Alder", "Fjord", "Kestrel", "Linden", "Marlow", "Tarn", "Quay", "Meridian", "Ember", "Dash", "Cove",
    "Bramble", "Sable", "Orchard", "Pier", "Lark", "Moor", "Thistle", "Canal", "Juniper", "Slate", "Heron", "Dune",
)  # fmt: skip


def products(count: int, seed: int) -> list[Product]:
    """The first products of the catalogue with this seed, each in two or three colorways."""
    random = np.random.default_rng(seed)
    names = random.permutation(_NAMES).tolist()
    made: list[Product] = []
    for index in range(count):
        design = DESIGNS[index % len(DESIGNS)]
        number = sum(other.design.code == design.code for other in made) + 1
        chosen = random.permutation(len(design.colorways))[: int(random.integers(2, 4))]
        again = index // len(names)
        name = f"{names[index % len(names)]} {design.noun}" + (f" {again + 1}" if again else "")
        colorways = tuple(design.colorways[place] for place in sorted(chosen.tolist()))
        made.append(Product(f"{design.code}{number:02d}", name, design, colorways))
    return made


def take(product: Product, colorway: str, view: str, seed: int) -> NDArray[np.uint8]:
    """One photo, RGB. The folds of a view are the same in all colorways, as if it hung there while it was dyed."""
    own = zlib.crc32(f"{seed} {product.sku} {view}".encode())
    design = product.design
    studio = Studio(own, zoom=design.zoom, centre=design.centre) if view == "detail" else Studio(own)
    design.draw(studio, COLORWAYS[colorway], view == "back")
    return studio.photograph()
