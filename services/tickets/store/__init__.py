"""The only user of SQL: one module for each noun."""

from collections.abc import Callable, Mapping

from services.common.database import Database
from services.domain.errors import AlreadyExists, DuradeskError
from services.domain.reply_address import ReplyAddresses
from services.tickets.store.answers import AnswerStore
from services.tickets.store.attachments import AttachmentStore
from services.tickets.store.brands import BrandStore
from services.tickets.store.broadcasts import BroadcastStore
from services.tickets.store.bulk import BulkStore
from services.tickets.store.cascades import CascadeStore
from services.tickets.store.categories import CategoryStore
from services.tickets.store.clocks import ClockStore
from services.tickets.store.contacts import ContactStore
from services.tickets.store.deliveries import DeliveryStore
from services.tickets.store.drafts import DraftStore
from services.tickets.store.dues import DueStore
from services.tickets.store.duplicates import DuplicateStore
from services.tickets.store.families import FamilyStore
from services.tickets.store.followers import FollowerStore
from services.tickets.store.lists import ListStore
from services.tickets.store.macros import MacroStore
from services.tickets.store.mail_reports import MailReportStore
from services.tickets.store.merges import MergeStore
from services.tickets.store.messages import MessageStore
from services.tickets.store.presence import PresenceStore
from services.tickets.store.previews import PreviewStore
from services.tickets.store.promises import PromiseStore
from services.tickets.store.quarantine import QuarantineStore
from services.tickets.store.reminders import ReminderStore
from services.tickets.store.search import SearchStore
from services.tickets.store.snoozes import SnoozeStore
from services.tickets.store.splits import SplitStore
from services.tickets.store.ticket_fields import TicketFieldStore
from services.tickets.store.tickets import TicketStore
from services.tickets.store.upcoming import UpcomingStore

CONSTRAINT_ERRORS: Mapping[str, Callable[[], DuradeskError]] = {
    "brands_name_key": lambda: AlreadyExists(
        "A brand with this name exists: choose another name.", reason="BRAND_NAME_TAKEN"
    ),
    "categories_name_key": lambda: AlreadyExists(
        "A category with this name is at this place: choose another name.", reason="CATEGORY_NAME_TAKEN"
    ),
    "ticket_fields_key_key": lambda: AlreadyExists(
        "A field with this key exists: choose another key.", reason="FIELD_KEY_TAKEN"
    ),
    "macros_name_key": lambda: AlreadyExists(
        "A macro with this name exists: choose another name.", reason="MACRO_NAME_TAKEN"
    ),
    "brands_address_key": lambda: AlreadyExists(
        "A brand with this address exists: choose another address.", reason="BRAND_ADDRESS_TAKEN"
    ),
}


class Store:
    """What people and doors do to tickets; `on_commit` is called when an outbox row was committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None], reply_addresses: ReplyAddresses) -> None:
        self.tickets = TicketStore(database, on_commit)
        self.snoozes = SnoozeStore(database, on_commit)
        self.reminders = ReminderStore(database, on_commit)
        self.promises = PromiseStore(database, on_commit)
        self.clocks = ClockStore(database)
        self.dues = DueStore(database, on_commit)
        self.messages = MessageStore(database, on_commit, reply_addresses)
        self.attachments = AttachmentStore(database)
        self.brands = BrandStore(database, on_commit)
        self.deliveries = DeliveryStore(database, on_commit)
        self.followers = FollowerStore(database, on_commit)
        self.answers = AnswerStore(database, on_commit)
        self.categories = CategoryStore(database)
        self.ticket_fields = TicketFieldStore(database)
        self.macros = MacroStore(database, on_commit)
        self.contacts = ContactStore(database)
        self.search = SearchStore(database)
        self.lists = ListStore(database)
        self.quarantine = QuarantineStore(database)
        self.mail_reports = MailReportStore(database, on_commit)
        self.drafts = DraftStore(database)
        self.presence = PresenceStore(database)
        self.upcoming = UpcomingStore(database)
        self.bulk = BulkStore(database, on_commit)
        self.families = FamilyStore(database, on_commit)
        self.cascades = CascadeStore(database, on_commit)
        self.previews = PreviewStore(database)
        self.broadcasts = BroadcastStore(database, on_commit)
        self.merges = MergeStore(database, on_commit)
        self.splits = SplitStore(database, on_commit)
        self.duplicates = DuplicateStore(database, on_commit)
