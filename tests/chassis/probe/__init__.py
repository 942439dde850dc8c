"""A service for the chassis' tests alone: its own schema, and an endpoint for each thing that can happen.

The chassis looks for a service's migrations beside the services; this lets it find the probe there.
"""

from pathlib import Path

import services

_BESIDE = str(Path(__file__).parents[1])
if _BESIDE not in services.__path__:
    services.__path__.append(_BESIDE)
