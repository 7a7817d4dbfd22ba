"""Settings: the environment is read on demand, and a wrong value is one sentence that names its variable."""

import pytest

from services.common.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GRPC_PORT", "DATABASE_URL", "PRINCIPAL_KEY", "TICKETS_ADDRESS", "TEMPORAL_ADDRESS", "TEMPORAL_PORT"):
        monkeypatch.delenv(f"DURADESK_{name}", raising=False)


def test_addresses_follow_the_ports_unless_they_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DURADESK_GRPC_PORT", "6000")
    monkeypatch.setenv("DURADESK_TEMPORAL_PORT", "7000")
    monkeypatch.setenv("DURADESK_ROUTING_ADDRESS", "routing:50052")
    settings = load_settings(Settings)
    assert settings.tickets_address == "127.0.0.1:6000"
    assert settings.routing_address == "routing:50052"
    assert settings.identity_address == "127.0.0.1:6002"
    assert settings.temporal_address == "127.0.0.1:7000"


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DURADESK_GRPC_PORT", "")
    assert load_settings(Settings).grpc_port == 50051


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("GRPC_PORT", "65535"),
        ("TICKETS_ADDRESS", "tickets"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
        ("REFLECTION", "maybe"),
        ("TLS_KEY", "key.pem"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"DURADESK_{name}", value)
    with pytest.raises(SystemExit) as ended:
        load_settings(Settings)
    sentence = str(ended.value)
    assert f"DURADESK_{name} " in sentence.replace(".", " ")
    assert "\n" not in sentence


def test_what_is_needed_and_not_set_is_named() -> None:
    settings = load_settings(Settings)
    with pytest.raises(SystemExit, match="Set DURADESK_DATABASE_URL"):
        _ = settings.needed_database_url
    with pytest.raises(SystemExit, match="Set DURADESK_PRINCIPAL_KEY"):
        _ = settings.needed_principal_key


def test_secrets_do_not_show_in_the_settings_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DURADESK_DATABASE_URL", "postgresql://user:canary@host/duradesk")
    monkeypatch.setenv("DURADESK_PRINCIPAL_KEY", "canary-canary-canary-canary-canary")
    settings = load_settings(Settings)
    assert "canary" not in repr(settings)
    assert "canary" in settings.needed_database_url
