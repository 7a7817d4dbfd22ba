"""What is new in a reply, whatever program and language it was written in; nothing is lost."""

from collections import Counter

import pytest

from services.mail.quotes import fold
from tests.spending import processor_seconds

NEW = "Thanks, that helped.\n\nOne more thing: the tray is stuck."
MARKED = "> Hello Cleo,\n> please restart it.\n>\n> Bob"
PLAIN = "Hello Cleo,\nplease restart it.\n\nBob"


def headers(*pairs: str) -> str:
    return "\n".join(pairs)


GMAIL = {
    "en": "On Mon, Jan 12, 2026 at 10:00 AM Duradesk <support@desk.example> wrote:",
    "en, wrapped": "On Mon, Jan 12, 2026 at 10:00 AM The Long Name of a Desk\n<support@desk.example> wrote:",
    "de": "Am Mo., 12. Jan. 2026 um 10:00 Uhr schrieb Duradesk <support@desk.example>:",
    "cs": "po 12. 1. 2026 v 10:00 odesílatel Duradesk <support@desk.example> napsal:",
    "it": "Il giorno lun 12 gen 2026 alle ore 10:00 Duradesk <support@desk.example> ha\nscritto:",
    "fi": "ma 12. tammik. 2026 klo 10.00 Duradesk (support@desk.example) kirjoitti:",
}
APPLE = {
    "en": "On 12 Jan 2026, at 10:00\u202fAM, Duradesk <support@desk.example> wrote:",
    "de": "Am 12.01.2026 um 10:00 schrieb Duradesk <support@desk.example>:",
    "cs": "12. 1. 2026 v 10:00, Duradesk <support@desk.example>:",
    "it": "Il giorno 12 gen 2026, alle ore 10:00, Duradesk <support@desk.example> ha scritto:",
    "fi": "Duradesk <support@desk.example> kirjoitti 12.1.2026 kello 10.00:",
}
THUNDERBIRD = {
    "en": "On 12/01/2026 10:00, Duradesk wrote:",
    "de": "Am 12.01.26 um 10:00 schrieb Duradesk:",
    "cs": "Dne 12. 01. 26 v 10:00 Duradesk napsal(a):",
    "it": "Il 12/01/2026 10:00, Duradesk ha scritto:",
    "fi": "Duradesk kirjoitti 12.1.2026 klo 10.00:",
}
OUTLOOK = {
    "en": headers(
        "From: Duradesk <s@desk.example>", "Sent: Monday, 12 January 2026 10:00", "To: Cleo", "Subject: Fire"
    ),
    "de": headers("Von: Duradesk <s@desk.example>", "Gesendet: Montag, 12. Januar 2026", "An: Cleo", "Betreff: Feuer"),
    "cs": headers("Od: Duradesk <s@desk.example>", "Odesláno: pondělí 12. ledna", "Komu: Cleo", "Předmět: Požár"),
    "it": headers("Da: Duradesk <s@desk.example>", "Inviato: lunedì 12 gennaio", "A: Cleo", "Oggetto: Fuoco"),
    "fi": headers("Lähettäjä: Duradesk", "Lähetetty: maanantai 12.", "Vastaanottaja: Cleo", "Aihe: Tuli"),
}
REPLIES = {
    **{f"Gmail {name}": f"{NEW}\n\n{line}\n\n{MARKED}" for name, line in GMAIL.items()},
    **{f"Apple Mail {name}": f"{NEW}\n\n{line}\n\n{MARKED}\n" for name, line in APPLE.items()},
    **{f"Apple Mail HTML {name}": f"{NEW}\n\n> {line}\n>\n{MARKED}" for name, line in APPLE.items()},
    **{f"Thunderbird {name}": f"{NEW}\n\n{line}\n{MARKED}" for name, line in THUNDERBIRD.items()},
    **{f"Thunderbird below {name}": f"{line}\n{MARKED}\n\n{NEW}" for name, line in THUNDERBIRD.items()},
    **{f"Outlook {name}": f"{NEW}\n\n{block}\n\n{PLAIN}" for name, block in OUTLOOK.items()},
    **{f"Outlook, ruled {name}": f"{NEW}\n\n{'_' * 32}\n{block}\n\n{PLAIN}" for name, block in OUTLOOK.items()},
    "Outlook HTML": f"{NEW}\n\n*From:* Duradesk\n*Sent:* Monday\n*To:* Cleo\n*Subject:* Fire\n\n{PLAIN}",
    "Outlook Express": f"{NEW}\n\n-----Original Message-----\nFrom: x\n{MARKED}",
    "Outlook Express de": f"{NEW}\n\n-----Ursprüngliche Nachricht-----\n{PLAIN}",
    "Yahoo": f"{NEW}\n\nOn Monday, January 12, 2026, 10:00 AM, Duradesk <support@desk.example> wrote:\n\n{PLAIN}",
    "another language": f"{NEW}\n\nEm seg., 12 de jan. de 2026, Duradesk <s@desk.example> escreveu:\n\n{MARKED}",
    "a signature before": f"{NEW}\n\n-- \nCleo\n+420 123\n\n{GMAIL['en']}\n{MARKED}",
    "a signature after": f"{NEW}\n\n{GMAIL['en']}\n{MARKED}\n\n-- \nCleo",
    "a signature alone": f"{NEW}\n\n-- \nCleo\nA Company",
    "a telephone": f"{NEW}\n\nSent from my iPhone\n\n{APPLE['en']}\n{MARKED}",
    "a telephone de": f"{NEW}\n\nVon meinem iPhone gesendet\n\n{APPLE['de']}\n{MARKED}",
    "a telephone cs": f"{NEW}\n\nOdesláno z iPhonu\n\n{APPLE['cs']}\n{MARKED}",
    "a telephone it": f"{NEW}\n\nInviato da iPhone",
    "a telephone fi": f"{NEW}\n\nLähetetty iPhonesta",
    "Outlook on a telephone": f"{NEW}\n\nGet Outlook for iOS<https://aka.ms/x>\n{'_' * 32}\n{OUTLOOK['en']}\n\n{PLAIN}",
}


def words(text: str) -> Counter[str]:
    return Counter(line for line in text.split("\n") if line.strip())


@pytest.mark.parametrize("text", REPLIES.values(), ids=REPLIES.keys())
def test_only_what_is_new_is_in_the_body(text: str) -> None:
    folded = fold(text, subject="Re: Fire")
    assert folded.body == NEW
    assert words(folded.body) + words(folded.quoted) == words(text)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        (NEW, "Re: Fire"),
        ("", "Re: Fire"),
        (MARKED, "Re: Fire"),
        (f"{GMAIL['en']}\n{MARKED}", "Re: Fire"),
        (f"> Did you restart?\n\nYes.\n\n> And the tray?\n\n{NEW}", "Re: Fire"),
        (f"Look:\n\n{OUTLOOK['en']}\n\n{PLAIN}", "FW: Fire"),
        (f"Schau:\n\n{OUTLOOK['de']}\n\n{PLAIN}", "WG: Feuer"),
        (f"Look:\n\n---------- Forwarded message ---------\nFrom: x\nDate: y\nSubject: z\n\n{PLAIN}", "Fire"),
        (f"Look:\n\nBegin forwarded message:\n\n{MARKED}", "Fire"),
        ("On 12 January your agent Bob wrote:\nrestart it\nI did, and it burns.", "Fire"),
        ("It prints:\n> error 7\n> stop", "Fire"),
        ("From: the cellar\nit smells of smoke", "Fire"),
        ("- one\n- two\n- three", "Fire"),
        ("Best regards\nto all of you", "Fire"),
        ("--\nonly a signature", "Fire"),
        ("Sent from my iPhone", "Fire"),
        ("--help does nothing", "Fire"),
    ],
)
def test_what_is_not_certainly_quoted_stays(text: str, subject: str) -> None:
    assert (fold(text, subject=subject).body, fold(text, subject=subject).quoted) == (text, "")


@pytest.mark.parametrize(
    "line",
    ["On 1 wrote:", "On 1 " * 55 + "wrote", "1" * 290 + ":", "> ", "From: x", "_" * 40, "1 <x> wrote:", "--", ":"],
)
def test_folding_takes_time_in_proportion(line: str) -> None:
    with processor_seconds(10):
        fold(f"{line}\n" * (1_000_000 // len(line)), subject="Re: Fire")
