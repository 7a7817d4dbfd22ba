"""RuleRunService: what rules have done."""

from uuid import UUID

from duradesk.tickets.v1 import rule_run_service_pb2 as pb
from duradesk.tickets.v1 import rule_run_service_pb2_grpc

from services.common.database import Database
from services.common.interceptors import Context
from services.common.wire import to_message
from services.domain.errors import Invalid
from services.domain.rules.model import MOST_RULES
from services.tickets.store.rules import list_rule_runs


class RuleRunServicer(rule_run_service_pb2_grpc.RuleRunServiceServicer):
    """Reads only: decisions write it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ListRuleRuns(self, request: pb.ListRuleRunsRequest, context: Context) -> pb.ListRuleRunsResponse:
        """In the order of the request."""
        rule_ids = _ids(request)
        async with self._database.transaction() as conn:
            found = await list_rule_runs(conn, rule_ids)
        return pb.ListRuleRunsResponse(rules=[to_message(runs, pb.RuleRuns) for runs in found])


def _ids(request: pb.ListRuleRunsRequest) -> list[UUID]:
    try:
        if len(request.rule_ids) > MOST_RULES:
            raise ValueError
        return [UUID(text) for text in request.rule_ids]
    except ValueError:
        problem = f"must be at most {MOST_RULES} ids of rules"
        raise Invalid(f"The request is not valid: rule_ids {problem}.", violations={"rule_ids": problem}) from None
