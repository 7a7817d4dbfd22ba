"""What the builder can name on this desk now."""

import asyncio

from services.gateway.deps import Services
from services.gateway.web.builder.known import Known


async def known_of(behind: Services) -> Known:
    """The teams, the people whom tickets may be given to, the brands, and what service levels are made of."""
    levels = behind.service_levels
    teams, people, brands, policies, calendars = await asyncio.gather(
        behind.routing.list_teams(),
        behind.identity.list_users(),
        behind.tickets.list_brands(),
        levels.list_sla_policies(),
        levels.list_calendars(),
    )
    return Known(
        {
            "team": {team.id: team.name for team in teams},
            "assignee": {user.id: user.name for user in people if user.is_active_staff},
            "brand": {brand.id: brand.name for brand in brands},
            "sla_policy": {policy.id: policy.name for policy in policies},
            "calendar": {calendar.id: calendar.name for calendar in calendars},
            "in_hours": {calendar.id: calendar.name for calendar in calendars},
        }
    )
