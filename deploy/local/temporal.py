"""The embedded Temporal server with its web interface: one process with a file database."""

from collections.abc import Mapping

from deploy.local.probes import grpc_health
from deploy.local.process import ProcessSpec
from deploy.local.settings import LocalSettings, executable

_FRONTEND = "temporal.api.workflowservice.v1.WorkflowService"

# With these two the file database takes 2.5 times as many workflow steps a second as with its defaults;
# what a power cut may take from it, reconciliation puts back from PostgreSQL.
PRAGMAS = ("journal_mode=wal", "synchronous=normal")

# One partition a queue keeps urgent tickets strictly ahead, and fairness shares the workers among brands. While every
# step of a release fails, Temporal would in the end look every 10 minutes only whether there is a better one.
DYNAMIC_CONFIG = (
    "matching.enableFairness=true",
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
    'history.workflowTaskRetryMaxInterval="5s"',
)


def server(settings: LocalSettings, *, environment: Mapping[str, str]) -> ProcessSpec:
    """The server as a supervised process; SIGTERM is its clean end."""
    address = f"127.0.0.1:{settings.temporal_port}"
    return ProcessSpec(
        name="temporal",
        command=(
            *(executable("temporal"), "server", "start-dev", "--log-level", "error"),
            *("--ip", "127.0.0.1", "--port", str(settings.temporal_port), "--ui-port", str(settings.temporal_ui_port)),
            *("--db-filename", str(settings.data / "temporal.db"), "--namespace", settings.temporal_namespace),
            *("--ui-disable-news-fetch",),
            *(word for pragma in PRAGMAS for word in ("--sqlite-pragma", pragma)),
            *(word for value in DYNAMIC_CONFIG for word in ("--dynamic-config-value", value)),
        ),
        environment=environment,
        probe=grpc_health(address, _FRONTEND),
    )
