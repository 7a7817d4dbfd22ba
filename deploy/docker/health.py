"""The health check of a container: `python -m deploy.docker.health grpc|http|smtp HOST:PORT`, exit code 0 or 1."""

import asyncio
import os
import sys
from pathlib import Path

from deploy.local.probes import Probe, grpc_health, http_ok, smtp_greeting
from services.common.settings import PREFIX


def probe(kind: str, address: str, *, ca: Path | None = None) -> Probe:
    """The question to ask at `address`; `ca` is the authority to trust where a gRPC port speaks TLS."""
    match kind:
        case "grpc":
            return grpc_health(address, ca=ca)
        case "http":
            return http_ok(f"http://{address}/readyz")
        case "smtp":
            host, _, port = address.rpartition(":")
            return smtp_greeting(host, int(port))
    sys.exit(f"{kind} is none of grpc, http, smtp.")


def main() -> None:
    """Ask once."""
    sys.exit(0 if asyncio.run(_ask(*sys.argv[1:])) else 1)


async def _ask(kind: str, address: str) -> bool:
    speaks_tls = bool(os.environ.get(f"{PREFIX}TLS_CERTIFICATE"))
    return await probe(kind, address, ca=Path(os.environ[f"{PREFIX}TLS_CA"]) if speaks_tls else None)()


if __name__ == "__main__":
    main()
