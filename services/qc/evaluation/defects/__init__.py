"""The named defects. Every `Defect` in a module of this folder is one: to add one, add its function."""

from importlib import import_module
from pkgutil import iter_modules

from services.qc.evaluation.registry import Defect

DEFECTS: tuple[Defect, ...] = tuple(
    sorted(
        (
            found
            for module in iter_modules(__path__)
            for found in vars(import_module(f"{__name__}.{module.name}")).values()
            if isinstance(found, Defect)
        ),
        key=lambda found: found.id,
    )
)
