"""Channel variants: an approved master, cropped, padded, scaled and encoded as a channel pack asks (R68b).

Pure functions of bytes and packs, made for a worker process: the same input gives the same bytes.
"""

from services.assets.rendering.errors import CannotRender
from services.assets.rendering.variant import Prepared, Rendered, prepare, render

__all__ = ["CannotRender", "Prepared", "Rendered", "prepare", "render"]
