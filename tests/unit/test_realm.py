"""Which requests are those of our own pages, and where one may go on after signing in."""

import pytest

from services.gateway.web.realm import Realm, own_path, path_in

KEY = b"k" * 32


@pytest.mark.parametrize(
    ("public_url", "origins"),
    [
        ("https://desk.example", {"https://desk.example"}),
        ("https://Desk.Example/", {"https://desk.example"}),
        ("https://desk.example:8443/desk", {"https://desk.example:8443"}),
        (
            "http://127.0.0.1:8080",
            {"http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"},
        ),
    ],
)
def test_the_configured_address_is_our_origin_and_on_this_machine_its_other_names(
    public_url: str, origins: set[str]
) -> None:
    realm = Realm(KEY, public_url=public_url)
    assert realm.origins == origins
    assert realm.is_secure == public_url.startswith("https")


def test_a_form_counts_for_its_session_only_and_is_another_text_each_time() -> None:
    realm = Realm(KEY, public_url="https://desk.example")
    first, second = realm.csrf("dds_a"), realm.csrf("dds_a")
    assert first != second
    for text in (first, second):
        assert realm.is_csrf(text, session_token="dds_a")
        assert not realm.is_csrf(text, session_token="dds_b")
        assert not Realm(b"x" * 32, public_url="https://desk.example").is_csrf(text, session_token="dds_a")
    for text in ("", "é", "AAAA", first[:-4], first + "AAAA"):
        assert not realm.is_csrf(text, session_token="dds_a")


@pytest.mark.parametrize("target", ["/tickets?view=mine&filter=tag%3Aa", "/", "/tickets/12#latest"])
def test_one_goes_on_to_a_path_of_ours(target: str) -> None:
    assert own_path(target) == target


@pytest.mark.parametrize(
    "target",
    [
        "",
        "tickets",
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/a\nb",
        "http:evil.example",
        "/ /evil.example",
        "http://[",
        "//[::",
    ],
)
def test_one_goes_nowhere_else(target: str) -> None:
    assert own_path(target) == "/"


@pytest.mark.parametrize(
    ("address", "path"),
    [("https://desk.example/tickets?view=mine", "/tickets?view=mine"), ("http://[::", ""), ("", "")],
)
def test_of_where_a_browser_was_only_the_path_counts(address: str, path: str) -> None:
    assert path_in(address) == path
