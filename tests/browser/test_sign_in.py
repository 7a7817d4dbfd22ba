"""Signing in and out in a browser."""

from playwright.async_api import expect

from tests.browser.conftest import MIA, Desk


async def test_who_has_not_signed_in_comes_back_to_the_page_they_wanted(desk: Desk) -> None:
    page = await desk.open("/tickets?view=all_open", user=None)
    await expect(page).to_have_url(f"{desk.stack.url}/sign-in?next=/tickets%3Fview%3Dall_open")
    await page.get_by_label("E-mail").fill(MIA.email)
    await page.get_by_label("Password").fill(desk.password_of(MIA.email))
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{desk.stack.url}/tickets?view=all_open")


async def test_a_wrong_password_is_told_without_saying_which_was_wrong(desk: Desk) -> None:
    page = await desk.open("/sign-in", user=None)
    await page.get_by_label("E-mail").fill("nobody@fernweh.example")
    await page.get_by_label("Password").fill("not the password")
    with desk.watch.awaiting(401, 403, 422):
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_contain_text("wrong")
    await expect(page.get_by_label("E-mail")).to_have_value("nobody@fernweh.example")
