"""Domain errors on the wire: the class has one code, and details stay small enough to arrive."""

import base64
from urllib.parse import quote

import grpc
import pytest

from services.common.errors import CLASSES, CODES, code_of, restore, to_status, words_of
from services.domain import errors
from services.domain.errors import DuradeskError, Invalid, NotFound


def received(code: grpc.StatusCode, *, trailing: bytes | None = None) -> grpc.aio.AioRpcError:
    metadata = grpc.aio.Metadata(*([("grpc-status-details-bin", trailing)] if trailing is not None else []))
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), metadata, "at 10.0.0.7:50051, source.cc:17", None)


def over_the_wire(error: DuradeskError) -> DuradeskError:
    return restore(received(code_of(error), trailing=to_status(error).SerializeToString()))


def test_every_class_has_a_code_of_its_own() -> None:
    tree = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DuradeskError)}
    assert set(CODES) == tree
    assert len(CLASSES) == len(CODES)


@pytest.mark.parametrize("error_class", CODES)
def test_an_error_comes_back_as_what_it_was(error_class: type[DuradeskError]) -> None:
    error = error_class("That was wrong; this is right.", reason="SPECIAL", metadata={"limit": "3"})
    back = over_the_wire(error)
    assert type(back) is error_class
    assert (back.message, back.reason, back.metadata) == (error.message, error.reason, error.metadata)


def test_violations_come_back_by_field() -> None:
    back = over_the_wire(Invalid("Two fields are wrong.", violations={"a.b": "is required", "c": "is too long"}))
    assert isinstance(back, Invalid)
    assert back.violations == {"a.b": "is required", "c": "is too long"}


def test_a_long_list_of_violations_still_fits_into_the_trailing_metadata() -> None:
    error = Invalid("x" * 10_000, violations={f"field{number}": "y" * 1000 for number in range(500)})
    assert len(to_status(error).SerializeToString()) < 6_000


def test_a_class_derived_from_the_tree_has_the_code_of_its_nearest_ancestor() -> None:
    class GoneForGood(NotFound):
        pass

    assert code_of(GoneForGood("It is gone.")) is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.UNAVAILABLE, errors.Unavailable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, errors.Unavailable),
        (grpc.StatusCode.CANCELLED, errors.Unavailable),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, errors.ResourceExhausted),
        (grpc.StatusCode.UNAUTHENTICATED, errors.Unauthenticated),
        (grpc.StatusCode.INVALID_ARGUMENT, DuradeskError),
        (grpc.StatusCode.UNIMPLEMENTED, DuradeskError),
        (grpc.StatusCode.UNKNOWN, DuradeskError),
    ],
)
@pytest.mark.parametrize("trailing", [None, b"\xff\xff\xff"])
def test_what_the_transport_reports_gets_words_of_our_own(
    code: grpc.StatusCode, expected: type[DuradeskError], trailing: bytes | None
) -> None:
    back = restore(received(code, trailing=trailing))
    assert type(back) is expected
    assert "10.0.0.7" not in back.message


@pytest.mark.parametrize("letter", ["x", "ž", "語", "🙂"])
def test_a_long_message_in_any_letters_arrives(letter: str) -> None:
    error = Invalid(letter * 100_000, violations={letter * 500: letter * 500, "b": letter * 500} | {"c": "x" * 9000})
    trailing = base64.b64encode(to_status(error).SerializeToString())
    assert len(quote(words_of(error))) + len(trailing) < 8_000
    assert over_the_wire(error).message == words_of(error)
