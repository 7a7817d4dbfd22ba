"""RuleRunService as the gateway calls it."""

from collections.abc import Iterable, Mapping
from uuid import UUID

import grpc
from duradesk.tickets.v1 import rule_run_service_pb2 as pb
from duradesk.tickets.v1 import rule_run_service_pb2_grpc

from services.common.wire import from_message
from services.domain.rules.runs import RuleRuns


class RuleRunsClient:
    """Typed calls; raises the domain errors that the proto names."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = rule_run_service_pb2_grpc.RuleRunServiceStub(channel)

    async def list_rule_runs(self, rule_ids: Iterable[UUID]) -> Mapping[UUID, RuleRuns]:
        """How much each of the rules has done, by its id; Invalid."""
        response = await self._stub.ListRuleRuns(pb.ListRuleRunsRequest(rule_ids=map(str, rule_ids)))
        return {runs.rule_id: runs for runs in (from_message(found, RuleRuns) for found in response.rules)}
