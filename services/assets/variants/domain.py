"""When two renders are the same one. Pure."""

import hashlib
import json

from contracts.assets import ChannelPack, Version
from contracts.values import ImageSpec
from services.assets.labels.credentials import Credentials


def question_of(master: Version, pack: ChannelPack, spec: ImageSpec, credentials: Credentials | None) -> str:
    """The same for what must give the same file: a master, the pack's version, the spec, and who signs."""
    asked = [
        str(master.id),
        master.digital_source_type,
        pack.model_dump(mode="json"),
        spec.model_dump(mode="json"),
        credentials.fingerprint if credentials else None,
    ]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
