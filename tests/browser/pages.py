"""Every page that a browser can be shown, by name: for the tests that hold for all, and for the pictures."""

# Pages of people who have not signed in.
PUBLIC = {
    "sign-in": "/sign-in",
    "forgot-password": "/forgot-password",
}
DESK = {
    "inbox": "/tickets?view=all_open",
    "mine": "/tickets?view=mine",
    "unassigned": "/tickets?view=unassigned",
    "snoozed": "/tickets?view=snoozed",
    "by-limit": "/tickets?view=all_open&sort=limit",
    "found": "/tickets?filter=refund",
    "nothing-found": "/tickets?filter=tag:no-such-tag",
    "upcoming": "/upcoming",
    "new-ticket": "/tickets/new",
    "account": "/account",
    "people": "/settings/people",
    "teams": "/settings/teams",
    "skills": "/settings/skills",
    "who-is-here": "/here",
    "availability": "/availability",
    "queued": "/tickets?view=queued",
    "brands": "/settings/brands",
    "categories": "/settings/categories",
    "fields": "/settings/fields",
    "new-field": "/settings/fields/new",
    "macros": "/settings/macros",
    "new-macro": "/settings/macros/new",
    "calendars": "/settings/calendars",
    "new-calendar": "/settings/calendars/new",
    "policies": "/settings/policies",
    "new-policy": "/settings/policies/new",
    "ladders": "/settings/ladders",
    "new-ladder": "/settings/ladders/new",
    "rules": "/settings/rules",
    "new-rule": "/settings/rules/new",
    "deliveries": "/deliveries",
    "quarantine": "/quarantine",
}
# Pages that tell of a mistake, with the status that they have.
MISTAKES = {
    "wrong-filter": ("/tickets?filter=colour:red", 422),
    "not-found": ("/tickets/999999999", 404),
    "invitation": ("/invitation/none", 404),
}
# Tickets with something to see, by what finds them.
TICKETS = {
    "ticket-damaged": "tag:damaged",
    "ticket-urgent": "priority:urgent",
    "ticket-waiting": "status:pending",
    "ticket-closed": "status:closed",
}
# Pages about one ticket, by their address after the ticket's.
OF_A_TICKET = {
    "merge": "/merge?find=refund",
    "merge-preview": "/merge?into=1",
    "duplicate": "/duplicate",
    "parent": "/parent",
    "children": "/children?find=refund",
    "family": "/family",
    "settle": "/settle?act=resolve",
}
