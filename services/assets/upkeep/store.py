"""The store as this service's processes open it: with its books."""

from datetime import timedelta

from chassis.database import Database
from services.assets.settings import AssetsSettings
from services.assets.store.store import Store
from services.assets.upkeep.ledger import FileLedger


def open_store(settings: AssetsSettings, database: Database) -> Store:
    """Connects when it is first used, or by `Store.open`."""
    patience = timedelta(seconds=settings.store_patience_seconds)
    return Store(settings.store_url, FileLedger(database, settings.check_every), patience=patience)
