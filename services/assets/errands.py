"""What this process does with servers that may be slow: fetch vendors' files, send webhooks, publish finals, remove
what is left of uploads."""

from datetime import timedelta

from chassis.service import Service
from services.assets.deliveries.fetching import OVER_AND_ABOVE, Fetching
from services.assets.deliveries.service import FETCH
from services.assets.dependencies import Transactions
from services.assets.outbound.client import Outside
from services.assets.outbound.errands import Errands
from services.assets.outbound.sending import LEASE, Sending
from services.assets.outbound.service import SEND
from services.assets.publication.connectors.connector import Connector
from services.assets.publication.connectors.folder import FolderConnector
from services.assets.publication.connectors.webhook import WebhookConnector
from services.assets.publication.permission import may_go_out
from services.assets.publication.publishing import LEASE as PUBLISHING_LEASE
from services.assets.publication.publishing import Publishing
from services.assets.publication.schemas import DestinationKind
from services.assets.publication.steps import PUBLISH
from services.assets.settings import AssetsSettings
from services.assets.store.store import Store
from services.assets.uploads.expiry import AT_ONCE as EXPIRING_AT_ONCE
from services.assets.uploads.expiry import LEASE as EXPIRING_LEASE
from services.assets.uploads.expiry import Expiring
from services.assets.uploads.service import EXPIRY


def run_errands(service: Service, settings: AssetsSettings, store: Store, outside: Outside) -> None:
    """Beside HTTP, as many at once as the settings say. Call before the service starts."""
    transactions = Transactions(service)
    expiring = Errands(
        service.database, EXPIRY, Expiring(transactions, store).run, most=EXPIRING_AT_ONCE, lease=EXPIRING_LEASE
    )
    service.run_beside(expiring.run)
    if settings.fetches_at_once:
        fetching = Fetching(transactions, store, outside, settings)
        lease = timedelta(seconds=settings.fetch_seconds + settings.claim_wait_seconds) + OVER_AND_ABOVE
        errands = Errands(service.database, FETCH, fetching.run, most=settings.fetches_at_once, lease=lease)
        service.run_beside(errands.run)
    if settings.sends_at_once:
        sending = Sending(transactions, outside, {PUBLISH: may_go_out})
        errands = Errands(service.database, SEND, sending.run, most=settings.sends_at_once, lease=LEASE)
        service.run_beside(errands.run)
    if settings.publications_at_once:
        patience = timedelta(seconds=settings.store_patience_seconds)
        folders = FolderConnector(store, patience, settings.export_roots)
        connectors: dict[DestinationKind, Connector] = {
            DestinationKind.WEBHOOK: WebhookConnector(),
            DestinationKind.FOLDER: folders,
        }
        publishing = Publishing(transactions, connectors)
        most = settings.publications_at_once
        errands = Errands(service.database, PUBLISH, publishing.run, most=most, lease=PUBLISHING_LEASE)
        service.run_beside(errands.run)
