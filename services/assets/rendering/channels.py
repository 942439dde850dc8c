"""The channel packs that come with the service: one TOML file a channel, dated data."""

from pathlib import Path

from chassis.packs import read_toml
from contracts.assets import ChannelPack

FOLDER = Path(__file__).parent.parent / "packs" / "channels"


def default_channel_packs(folder: Path = FOLDER) -> dict[str, ChannelPack]:
    """Channel → its pack. TOML has no null: a pack without `fill` leaves the crop to the pack's aspect alone."""
    packs = [ChannelPack.model_validate({"fill": None} | read_toml(path)) for path in sorted(folder.glob("*.toml"))]
    return {pack.channel: pack for pack in packs}
