"""Runs identity: `python -m services.identity`."""

import asyncio

from duradesk.identity.v1.identity_service_pb2_grpc import add_IdentityServiceServicer_to_server

from services.common.auth import PrincipalSigner, SignedOnly
from services.common.database import Database
from services.common.logging import configure_logging
from services.common.server import serve
from services.common.settings import load_settings
from services.identity.bootstrap import bootstrap_owner
from services.identity.passwords import Passwords
from services.identity.servicer import IdentityServicer
from services.identity.settings import IdentitySettings
from services.identity.store import CONSTRAINT_ERRORS, IdentityStore


async def run(settings: IdentitySettings) -> None:
    """Serve until the process is told to stop."""
    signer = PrincipalSigner(settings.needed_principal_key)
    url = settings.needed_database_url
    async with Database(url, schema="identity", constraint_errors=CONSTRAINT_ERRORS) as database:
        store, passwords = IdentityStore(database), Passwords()
        await bootstrap_owner(store, passwords, settings)
        servicer = IdentityServicer(store, passwords=passwords, signer=signer)
        await serve(
            settings,
            name="identity",
            address=(settings.listen, settings.grpc_port + 2),
            services=[(add_IdentityServiceServicer_to_server, servicer)],
            authenticator=SignedOnly(signer),
        )


def main() -> None:
    """Read the environment, then run."""
    settings = load_settings(IdentitySettings)
    configure_logging(settings, "identity")
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
