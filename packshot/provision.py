"""`packshot provision` and `packshot secrets`: making ready what containers share."""

import asyncio
import os
import secrets
import shutil
import time
from pathlib import Path

import asyncpg

from chassis.provision import provision
from packshot.local.data import SERVICES, DataDirectory
from packshot.local.topology import DATABASE
from services.assets.dossiers.signing import KEY_BYTES

PREFIX = "PACKSHOT_PASSWORD_"
ADMIN = "PACKSHOT_ADMIN_URL"
PATIENCE_SECONDS = 120
PAUSE_SECONDS = 0.5


class ProvisionFailed(Exception):
    """It says what is missing or refused."""


def make_secrets() -> str:
    """An environment file with a new password for each service's role and for each server, and a key for dossiers.

    They stand in URLs and in the configuration of NATS, which takes what begins with a digit for a number: so letters
    and digits only, a letter first.
    """
    names = [*SERVICES, "postgres", "nats", "grafana"]
    passwords = "".join(f"{PREFIX}{name.upper()}=p{secrets.token_hex(24)}\n" for name in names)
    return f"{passwords}PACKSHOT_DOSSIER_KEY={secrets.token_urlsafe(KEY_BYTES)}\n"


def provision_all(data: DataDirectory, jwks: Path | None, patience: float = PATIENCE_SECONDS) -> str:
    """The database with its roles and schemas (from the environment), and the local issuer's public keys at `jwks`.

    Safe to run again: a password that has changed is set. Raises `ProvisionFailed`.
    """
    variables = {service: f"{PREFIX}{service.upper()}" for service in SERVICES}
    if missing := [name for name in (ADMIN, *variables.values()) if not os.environ.get(name)]:
        raise ProvisionFailed(f"The environment lacks {', '.join(missing)}.")
    passwords = {service: os.environ[name] for service, name in variables.items()}
    asyncio.run(_until_provisioned(os.environ[ADMIN], passwords, patience))
    if jwks is not None:
        unfinished = jwks.with_suffix(".new")
        shutil.copyfile(data.issuer.jwks, unfinished)
        unfinished.replace(jwks)
    return f"Ready: database {DATABASE}, roles {', '.join(SERVICES)}" + (f", issuer in {data.folder}" if jwks else "")


async def _until_provisioned(admin: str, passwords: dict[str, str], patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            await provision(admin, DATABASE, passwords)
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError) as error:  # it is starting
            if time.monotonic() > deadline:
                raise ProvisionFailed(f"PostgreSQL doesn't answer: {error!r}") from error
            await asyncio.sleep(PAUSE_SECONDS)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            raise ProvisionFailed(f"PostgreSQL refuses: {error}") from error
        else:
            return
