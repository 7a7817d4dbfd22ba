"""Tasks of one page fail as one call would."""

from collections.abc import Callable, Coroutine

import pytest

from services.domain.errors import NotFound, Unavailable
from services.gateway.together import together


async def fail(error: Exception) -> None:
    raise error


async def fail_all(*errors: Exception) -> None:
    async with together() as group:
        for error in errors:
            group.create_task(fail(error))


async def test_all_that_is_asked_at_once_is_there() -> None:
    async def answer(number: int) -> int:
        return number

    async with together() as group:
        tasks = [group.create_task(answer(number)) for number in range(3)]
    assert [task.result() for task in tasks] == [0, 1, 2]


@pytest.mark.parametrize("how", [fail, fail_all])
async def test_the_first_refusal_is_that_of_the_page(how: Callable[[Exception], Coroutine[None, None, None]]) -> None:
    async def page() -> None:
        async with together() as group:
            group.create_task(how(Unavailable("not just now")))
            group.create_task(how(NotFound("gone")))

    with pytest.raises(Unavailable, match="not just now"):
        await page()


async def test_a_fault_of_ours_is_hidden_behind_no_refusal() -> None:
    with pytest.raises(ExceptionGroup):
        await fail_all(ZeroDivisionError(), NotFound("gone"))
