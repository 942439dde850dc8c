"""Where the files are: a folder on a local disk, or a bucket whose answers are waited for only so long."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError
from obstore.store import from_url

from chassis.logs import get_logger
from services.assets.store.errors import FileMissing, StoreAway, StoreFull

if TYPE_CHECKING:
    from obstore.store import ObjectStore

CONNECT_SECONDS = 3
LONGEST_STREAM = timedelta(hours=6)
"""A whole file, at the pace of whoever reads it. Silence on the store's side ends it long before."""
RETRIES = 4

# As Rust tells it: a disk, a quota or the largest file of a process has been reached; 112: a full disk on Windows.
_FULL = re.compile(rf"\(os error ({errno.ENOSPC}|{errno.EDQUOT}|{errno.EFBIG}|112)\)")

log = get_logger(__name__)


def connect(url: str, patience: timedelta, *, longest: timedelta | None = None) -> "ObjectStore":
    """`patience`: how long a bucket may be silent, and how long it is tried again. `longest`: until an answer is whole,
    by default four times as long.

    Raises `ValueError` or obstore's errors when the URL is not one of a store.
    """
    if not url:
        raise ValueError("PACKSHOT_STORE_URL is not set: file:///path or s3://bucket/prefix")
    if url.startswith("file:"):
        return from_url(url, mkdir=True)
    return from_url(
        url,
        # http:// only where AWS_ENDPOINT_URL says so.
        client_options={
            "allow_http": True,
            "connect_timeout": min(timedelta(seconds=CONNECT_SECONDS), patience),
            "read_timeout": patience,
            "timeout": longest or 4 * patience,
        },
        # After a silence of `patience` nothing is tried again: whoever waits is told in time.
        retry_config={"max_retries": RETRIES, "retry_timeout": patience},
    )


@contextmanager
def translated(location: str | None = None, *, disk: bool = False) -> Iterator[None]:
    """The store's own errors as ours. `location`: a file that must be there. `disk`: the system's errors are the
    store's too; where a body is read as well they may be those of whoever sends it."""
    try:
        yield
    except FileNotFoundError as error:
        if location is None:
            raise
        log.error("a stored file is missing", location=location)
        raise FileMissing("The file is not in the store. This is in the logs under the request id.") from error
    except (BaseError, PermissionError) as error:
        raise _problem(error) from error
    except OSError as error:
        if disk:
            raise _problem(error) from error
        raise


def _problem(error: Exception) -> StoreAway | StoreFull:
    said, number = str(error), getattr(error, "errno", None)
    full = bool(_FULL.search(said)) or number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    log.error("the store is full" if full else "the store refused", error=said.partition("\n")[0])
    return StoreFull() if full else StoreAway()
