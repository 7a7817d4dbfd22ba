"""Runs identity: `python -m services.identity`."""

import uvloop

from services.common.auth import PrincipalSigner, SignedOnly
from services.common.database import Database
from services.common.logging import configure_logging
from services.common.metrics import new_registry
from services.common.server import serve
from services.common.settings import load_settings
from services.common.tracing import configure_tracing
from services.identity.bootstrap import bootstrap_owner
from services.identity.passwords import Passwords
from services.identity.servicer import servicers
from services.identity.settings import IdentitySettings
from services.identity.store.statements import CONSTRAINT_ERRORS
from services.identity.store.users import IdentityStore


async def run(settings: IdentitySettings) -> None:
    """Serve until the process is told to stop."""
    key = settings.needed_principal_key
    url = settings.needed_database_url
    async with Database(url, schema="identity", constraint_errors=CONSTRAINT_ERRORS) as database:
        passwords = Passwords()
        await bootstrap_owner(IdentityStore(database), passwords, settings)
        await serve(
            settings,
            name="identity",
            address=(settings.listen, settings.grpc_port + 2),
            services=servicers(database, passwords=passwords, key=key, public_url=settings.public_url),
            authenticator=SignedOnly(PrincipalSigner(key)),
            registry=new_registry(),
        )


def main() -> None:
    """Read the environment, then run."""
    settings = load_settings(IdentitySettings)
    configure_logging(settings, "identity")
    configure_tracing(settings, "identity")
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
