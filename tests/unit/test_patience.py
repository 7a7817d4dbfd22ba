"""How loops that wait for something end with their process."""

import asyncio

from workflows.patience import cut_off_by


async def answer(event: asyncio.Event) -> str:
    await event.wait()
    return "taken"


async def test_what_a_call_answers_is_kept() -> None:
    event = asyncio.Event()
    event.set()
    assert await cut_off_by(asyncio.Event(), answer(event)) == "taken"


async def test_a_call_that_waits_is_cut_off_when_the_process_is_to_stop() -> None:
    stopping = asyncio.Event()
    stopping.set()
    assert await cut_off_by(stopping, answer(asyncio.Event())) is None


async def test_a_call_that_is_just_taking_something_may_answer() -> None:
    stopping, event = asyncio.Event(), asyncio.Event()
    stopping.set()
    asyncio.get_running_loop().call_later(0.05, event.set)
    assert await cut_off_by(stopping, answer(event)) == "taken"
