"""Pages for people: customers' answers, and the local mailbox."""
