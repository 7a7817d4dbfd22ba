import pytest

from deploy.local.ports import reserve, stack_ports
from deploy.local.settings import LocalSettings
from services.domain.errors import Invalid


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        pytest.param({"temporal_address": "temporal:7233"}, {"temporal", "temporal-ui"}, id="Temporal of one's own"),
        pytest.param({"smarthost": "mail.example:25"}, {"sink"}, id="mail server of one's own"),
    ],
)
def test_what_runs_elsewhere_needs_no_port_here(given: dict[str, str], missing: set[str]) -> None:
    assert stack_ports(LocalSettings()).keys() - stack_ports(LocalSettings(**given)).keys() == missing  # type: ignore[arg-type]


def test_two_settings_with_one_port_are_refused_by_name() -> None:
    ports = stack_ports(LocalSettings(port=4001, grpc_port=4000))

    with pytest.raises(Invalid, match=r"DURADESK_PORT and DURADESK_GRPC_PORT \(plus 1\) are both port 4001"):
        reserve(ports)


def test_mailbox_for_outgoing_mail_moves_with_the_inbound_port() -> None:
    assert stack_ports(LocalSettings(smtp_port=4100))["sink"].number == 4101
