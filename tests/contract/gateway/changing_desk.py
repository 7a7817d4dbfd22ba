"""A desk on which people work while others change its rules, policies, ladders, calendars and teams, at random."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import count
from random import Random
from typing import Any
from uuid import UUID, uuid4

from services.common.channel import open_channel
from services.domain.actions import Action, ActionKind
from services.domain.calendars.model import WEEKDAYS, Calendar, WorkingHours
from services.domain.clocks.model import ClockKind
from services.domain.clocks.policy import ClockLadder, Ladder, LadderStep, Policy, StepWhen, Target
from services.domain.errors import DuradeskError
from services.domain.message import Visibility
from services.domain.principal import Principal, Role
from services.domain.routing_facts import AssignmentStrategy
from services.domain.rules.model import Rule, Since, Trigger, Wait
from services.domain.ticket import Priority, TicketStatus
from services.routing.client import RoutingClient
from services.routing.rules.client import RulesClient
from services.routing.service_levels.client import ServiceLevelsClient
from services.routing.staffing.client import StaffingClient
from services.tickets.client.orchestration import OrchestrationClient
from tests.contract.gateway.test_rule_trials import WORKER
from tests.contract.tickets.desk import ADMIN, AGENT, MAIL, new_message, new_ticket
from tests.doors import Doors
from tests.people import SIGNER, THE_OWNER
from workflows.activities import TicketActivities

NEW = UUID(int=0)
WORDS = ("refund", "parcel", "broken", "thanks", "late")
CONDITIONS = ("", "refund OR broken", "priority:high,urgent", "tag:a", "-tag:b", "since.unanswered:2h", "by:customer")
TRIGGERS: tuple[Trigger, ...] = tuple(trigger for trigger in Trigger if trigger is not Trigger.TIME)


@dataclass
class ChangingDesk:
    """Everything that a decision depends on, and how to change it."""

    doors: Doors
    seed: int
    random: Random
    worker: TicketActivities
    rules: RulesClient
    levels: ServiceLevelsClient
    teams: RoutingClient
    staffing: StaffingClient
    people: list[UUID]
    numbers: Iterator[int] = field(default_factory=partial(count, 1))

    async def begin(self) -> None:
        """A first rule and a first policy for every ticket, with what it needs."""
        for make in (self._calendar, self._ladder):
            with suppress(DuradeskError):
                await make()
        targets = tuple(Target(kind, timedelta(minutes=90)) for kind in ClockKind)
        await self.levels.create_sla_policy(Policy(NEW, self._name("policy"), 99, "", None, targets))
        actions = (Action(ActionKind.ADD_TAG, tag="a"),)
        await self.rules.create_rule(Rule(NEW, self._name("rule"), Trigger.TICKET_CREATED, actions))

    def _name(self, kind: str) -> str:
        return f"{kind} {self.seed}.{next(self.numbers)}"

    async def change(self) -> None:
        """One thing is made, changed or gone; what may not be is refused."""
        changes = (self._rule, self._rule, self._calendar, self._ladder, self._policy, self._policy, self._team)
        with suppress(DuradeskError):
            await self.random.choice(changes)()

    async def _rule(self) -> None:
        rules, dice = await self.rules.list_rules(), self.random.random()
        if len(rules) < 3 or dice < 0.4:
            await self.rules.create_rule(await self._any_rule(uuid4()))
        elif dice < 0.7:
            await self.rules.update_rule(await self._any_rule(self.random.choice(rules).id))
        elif dice < 0.8:
            await self.rules.delete_rule(self.random.choice(rules).id)
        elif dice < 0.9:
            await self.rules.move_rule(self.random.choice(rules).id, before=rules[0].id)
        else:
            await self.rules.pause_rule(self.random.choice(rules).id)

    async def _any_rule(self, rule_id: UUID) -> Rule:
        policies, calendars = await self.levels.list_sla_policies(), await self.levels.list_calendars()
        teams = await self.teams.list_teams()
        actions = [
            Action(ActionKind.SET_PRIORITY, priority=self.random.choice(list(Priority))),
            Action(ActionKind.ADD_TAG, tag=self.random.choice("abc")),
            Action(ActionKind.ASSIGN, team_id=self.random.choice(teams).id),
            Action(ActionKind.ASSIGN, user_id=self.random.choice(self.people)),
            Action(ActionKind.NOTIFY, team_id=self.random.choice(teams).id),
            Action(ActionKind.NOTE, note="looked at"),
            Action(ActionKind.REPLY, text="Thank you, {name}."),
            *(Action(ActionKind.SET_SLA_POLICY, policy_id=policy.id) for policy in policies),
            *(Action(ActionKind.SNOOZE, duration=timedelta(hours=3), calendar_id=each.id) for each in calendars),
        ]
        trigger: Trigger = self.random.choice(TRIGGERS)
        wait: Wait | None = None
        conditions = self.random.choice([*CONDITIONS, *(f"in_hours:{each.id}" for each in calendars)])
        if self.random.random() < 0.2:
            calendar = self.random.choice([None, *(each.id for each in calendars)])
            trigger, wait = Trigger.TIME, Wait(timedelta(hours=1), self.random.choice(list(Since)), calendar)
        wanted = tuple(self.random.sample(actions, self.random.randint(1, 3)))
        return Rule(rule_id, self._name("rule"), trigger, wanted, conditions, wait=wait, version=0)

    async def _calendar(self) -> None:
        opens = self.random.choice(["00:00", "07:00", "10:30"])
        hours = tuple(WorkingHours(day, opens, "24:00") for day in WEEKDAYS[: self.random.randint(4, 7)])
        new = Calendar(NEW, self._name("calendar"), self.random.choice(["UTC", "Europe/Prague"]), hours, (), ())
        known = await self.levels.list_calendars()
        if len(known) < 2:
            await self.levels.create_calendar(new)
        elif self.random.random() < 0.2:
            await self.levels.delete_calendar(self.random.choice(known).id)
        else:
            await self.levels.update_calendar(replace(new, id=self.random.choice(known).id, version=0))

    async def _ladder(self) -> None:
        kinds = (Action(ActionKind.RAISE_PRIORITY), Action(ActionKind.ADD_TAG, tag="late"))
        steps = (
            LadderStep("warn", StepWhen.SHARE, (self.random.choice(kinds),), share=self.random.choice([30, 60])),
            LadderStep("late", StepWhen.AFTER, (self.random.choice(kinds),), offset=timedelta(minutes=10)),
        )
        new, known = Ladder(NEW, self._name("ladder"), steps), await self.levels.list_escalation_ladders()
        if len(known) < 2:
            await self.levels.create_escalation_ladder(new)
        elif self.random.random() < 0.2:
            await self.levels.delete_escalation_ladder(self.random.choice(known).id)
        else:
            await self.levels.update_escalation_ladder(replace(new, id=self.random.choice(known).id, version=0))

    async def _policy(self) -> None:
        calendars, ladders = await self.levels.list_calendars(), await self.levels.list_escalation_ladders()
        targets = tuple(Target(kind, timedelta(minutes=self.random.choice([30, 90, 300]))) for kind in ClockKind)
        new = Policy(
            id=NEW,
            name=self._name("policy"),
            position=self.random.randint(1, 9),
            conditions=self.random.choice(["", "priority:high", "tag:a"]),
            calendar_id=self.random.choice([None, *(each.id for each in calendars)]),
            targets=targets,
            ladders=tuple(ClockLadder(ClockKind.FIRST_RESPONSE, each.id) for each in ladders[:1]),
        )
        known = await self.levels.list_sla_policies()
        if len(known) < 3:
            await self.levels.create_sla_policy(new)
        elif self.random.random() < 0.3:
            await self.levels.delete_sla_policy(self.random.choice(known).id)
        else:
            await self.levels.update_sla_policy(replace(new, id=self.random.choice(known).id, version=0))

    async def _team(self) -> None:
        teams = await self.teams.list_teams()
        if len(teams) < 3:
            await self.teams.create_team(self._name("team"))
            return
        team, person = self.random.choice(teams), self.random.choice(self.people)
        change = self.teams.remove_team_member if person in team.member_ids else self.teams.add_team_member
        await change(team.id, person)
        routing = await self.staffing.get_team_routing(team.id)
        strategy = self.random.choice([AssignmentStrategy.ROUND_ROBIN, AssignmentStrategy.LEAST_LOADED])
        await self.staffing.update_team_routing(replace(routing, strategy=strategy, version=0))

    async def happen(self, ticket_id: UUID) -> None:
        """Somebody does something to the ticket, or hours pass; what may not be is refused."""
        customer, agent = await self.doors.desk.client(MAIL), await self.doors.desk.client(AGENT)
        admin, word = await self.doors.desk.client(ADMIN), self.random.choice(WORDS)
        try:
            match self.random.randrange(7):
                case 0:
                    await customer.create_message(ticket_id, new_message(body=word, sender_email="cleo@c.example"))
                case 1:
                    visibility = self.random.choice(list(Visibility))
                    await agent.create_message(ticket_id, new_message(body=word, visibility=visibility))
                case 2:
                    await admin.update_ticket(ticket_id, self._any_values())
                case 3:
                    self.doors.desk.clock.skipped += timedelta(minutes=self.random.choice([20, 60, 200]))
                case 4:
                    until = await self.doors.desk.clock.instant() + timedelta(hours=2)
                    await agent.snooze_ticket(ticket_id, until=until)
                case 5:
                    await self.random.choice([admin.resolve_ticket, admin.reopen_ticket])(ticket_id)
                case _:
                    await agent.assign_ticket(ticket_id, assignee_id=self.random.choice([None, *self.people]))
        except DuradeskError:
            return

    def _any_values(self) -> dict[str, Any]:
        values = {
            "priority": self.random.choice(list(Priority)),
            "tags": tuple(self.random.sample("abc", 2)),
            "type": self.random.choice(["", "question"]),
            "subject": self.random.choice(WORDS),
            "status": self.random.choice([TicketStatus.OPEN, TicketStatus.ON_HOLD]),
        }
        return {name: values[name] for name in self.random.sample(sorted(values), 2)}

    async def new_ticket(self) -> UUID:
        """From a customer, by mail."""
        word = self.random.choice(WORDS)
        client = await self.doors.desk.client(MAIL)
        return (await client.create_ticket(new_ticket(body=word, priority=self.random.choice(list(Priority))))).id

    async def decide(self, ticket_id: UUID) -> None:
        """As a worker does."""
        await self.worker._decide(ticket_id)


@asynccontextmanager
async def changing_desk(doors: Doors, seed: int) -> AsyncIterator[ChangingDesk]:
    """With a few of the staff; one seed is one story."""
    async with AsyncExitStack() as stack:

        async def channel(address: str, caller: Principal) -> Any:
            return await stack.enter_async_context(open_channel(address, credentials=lambda: SIGNER.sign(caller)))

        owner = await channel(doors.routing_address, THE_OWNER)
        tickets = await channel(doors.desk.address, WORKER)
        routing = await channel(doors.routing_address, WORKER)
        yield ChangingDesk(
            doors=doors,
            seed=seed,
            random=Random(seed),
            worker=TicketActivities(OrchestrationClient(tickets), RoutingClient(routing)),
            rules=RulesClient(owner),
            levels=ServiceLevelsClient(owner),
            teams=RoutingClient(owner),
            staffing=StaffingClient(owner),
            people=[(await doors.account(Role.AGENT)).id for _ in range(3)],
        )
