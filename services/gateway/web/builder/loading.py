"""What the builder can name on this desk now."""

import asyncio

from services.gateway.deps import Services
from services.gateway.web.builder.known import Known


async def known_of(behind: Services) -> Known:
    """What people, teams, brands, categories, organisations, service levels and custom fields are called."""
    levels = behind.service_levels
    teams, people, brands, policies, calendars, categories = await asyncio.gather(
        behind.routing.list_teams(),
        behind.identity.list_users(),
        behind.tickets.list_brands(),
        levels.list_sla_policies(),
        levels.list_calendars(),
        behind.categories.list_categories(),
    )
    organisations, fields = await asyncio.gather(
        behind.organisations.list_organisations(), behind.ticket_fields.list_ticket_fields()
    )
    tree = {category.id: category.name for category in categories}
    return Known(
        {
            "team": {team.id: team.name for team in teams},
            "assignee": {user.id: user.name for user in people if user.is_active_staff},
            "brand": {brand.id: brand.name for brand in brands},
            "category": tree,
            "category_tree": tree,
            "organisation": {one.id: one.name for one in organisations},
            "sla_policy": {policy.id: policy.name for policy in policies},
            "calendar": {calendar.id: calendar.name for calendar in calendars},
            "in_hours": {calendar.id: calendar.name for calendar in calendars},
        },
        {field.key: field for field in fields if not field.archived},
    )
