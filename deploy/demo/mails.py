"""The mails that the demo's customers write. Pure."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

from deploy.demo import files
from deploy.demo.script import Story, Turn


def mail(story: Story, number: int, *, to: str, at: datetime) -> bytes:
    """The customer's word as their mail program sends it; files come with the first one."""
    turn = story.turns[number]
    message = EmailMessage()
    message["From"] = f'"{story.customer.name}" <{story.customer.email}>'
    message["To"] = to
    message["Subject"] = story.subject if number == 0 else f"Re: {story.subject}"
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{story.key}.{number}@{story.customer.email.rpartition('@')[2]}>"
    text = signed(story, turn)
    message.set_content(text)
    if story.html and number == 0:
        message.add_alternative(_html(text, story), subtype="html")
    if number == 0:
        _attach(message, story)
    return bytes(message)


def signed(story: Story, turn: Turn) -> str:
    """The customer's words with their name below."""
    return f"{turn.text}\n\n{story.customer.name}"


def _html(text: str, story: Story) -> str:
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n"))
    rows = "".join(
        f"<tr><td><b>{label}</b></td><td>{escape(story.words[word])}</td></tr>"
        for label, word in (("Order", "order"), ("Item", "product"), ("City", "city"))
    )
    return f'<div style="font-family: Georgia, serif; color: #333">{paragraphs}<table>{rows}</table></div>'


def _attach(message: EmailMessage, story: Story) -> None:
    if story.photo:
        message.add_attachment(files.photo(story.key), maintype="image", subtype="png", filename="IMG_2041.png")
    if story.pdf:
        page = files.document(story.customer.name, f"Order {story.words['order']}", story.words["amount"])
        message.add_attachment(page, maintype="application", subtype="pdf", filename=f"{story.words['order']}.pdf")
