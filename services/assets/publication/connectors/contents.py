"""What a shop or PIM is told of a file: in a webhook, and in the manifest beside an exported file."""

from typing import Any

from services.assets.publication.connectors.connector import Outgoing


def description(out: Outgoing) -> dict[str, Any]:
    """All of it as JSON can say it, but for a link."""
    publication, version, rights = out.publication, out.version, out.rights
    return {
        "publication_id": str(publication.id),
        "sequence": out.turn,
        "destination": out.destination.id,
        "version_id": str(version.id),
        "asset_id": str(version.asset_id),
        "sku": version.sku,
        "colorway": version.colorway,
        "view": version.view,
        "channel": version.channel,
        "export_name": publication.export_name,
        "sha256": version.sha256,
        "bytes": version.bytes,
        "media_type": version.media_type,
        "digital_source_type": version.digital_source_type,
        "credits": rights.credits if rights else [],
        "rights_until": rights.until.isoformat() if rights and rights.until else None,
        "territories": out.destination.territories,
        "replaces": [str(one) for one in out.replaces],
        "dossier": f"/v1/finals/{version.id}/dossier",
    }
