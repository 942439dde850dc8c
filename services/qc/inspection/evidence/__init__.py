"""Where in the picture a check found what it flags or fails. Every `Evidence` in a module of this folder is that of one
check: to add one, add its function. Checks of the file as a whole (size, profile, name, …) have none."""

from importlib import import_module
from pkgutil import iter_modules

from services.qc.inspection.evidence.registry import Evidence

EVIDENCE: dict[str, Evidence] = {
    found.check: found
    for module in iter_modules(__path__)
    for found in vars(import_module(f"{__name__}.{module.name}")).values()
    if isinstance(found, Evidence)
}
