"""Who sent a mail, as our own mail server says; nobody else's word counts."""

import pytest

from services.mail.authentication import Verdict, judge_sender

OWN = "mx.desk.example"


def judge(*values: str, authserv_id: str = OWN) -> Verdict:
    return judge_sender({"authentication-results": values}, authserv_id=authserv_id)


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ("dmarc=pass header.from=a.example", Verdict.PROVEN),
        ("spf=pass smtp.mailfrom=a.example; dkim=pass header.d=a.example; dmarc=pass (p=NONE)", Verdict.PROVEN),
        ("spf=pass smtp.mailfrom=e.example; dkim=pass header.d=e.example; dmarc=fail (p=none)", Verdict.FORGED),
        ("dmarc=fail action=none header.from=a.example;compauth=fail reason=001", Verdict.FORGED),
        ("DMARC=FAIL", Verdict.FORGED),
        ("spf=fail smtp.mailfrom=a.example; dkim=none", Verdict.FORGED),
        ("spf=fail smtp.mailfrom=a.example; dkim=fail header.d=a.example", Verdict.FORGED),
        ("spf=fail smtp.mailfrom=a.example", Verdict.FORGED),
        # A forwarder breaks SPF but leaves the signature whole.
        ("spf=fail smtp.mailfrom=a.example; dkim=pass header.d=a.example; dmarc=pass", Verdict.PROVEN),
        ("spf=fail smtp.mailfrom=a.example; dkim=pass header.d=a.example", Verdict.UNKNOWN),
        ("spf=softfail smtp.mailfrom=a.example; dkim=none", Verdict.UNKNOWN),
        ("spf=pass smtp.mailfrom=a.example; dkim=pass header.d=a.example; dmarc=none", Verdict.UNKNOWN),
        ("dmarc=temperror", Verdict.UNKNOWN),
        ("none", Verdict.UNKNOWN),
        ("spf=pass (dmarc=pass) smtp.mailfrom=a.example", Verdict.UNKNOWN),
        ('dmarc=fail (says "; dmarc=pass")', Verdict.FORGED),
        ("dmarc=fail; @@", Verdict.FORGED),
    ],
)
def test_the_word_of_our_server_counts(results: str, verdict: Verdict) -> None:
    assert judge(f"{OWN}; {results}") is verdict
    assert judge(f"{OWN.upper()} 1;\r\n\t{results}") is verdict


def test_only_its_topmost_word_counts() -> None:
    assert judge(f"{OWN}; dmarc=fail", f"{OWN}; dmarc=pass") is Verdict.FORGED
    assert judge(f"{OWN}; dmarc=pass", f"{OWN}; dmarc=fail") is Verdict.PROVEN
    assert judge("mx.evil.example; dmarc=pass", f"{OWN}; dmarc=fail") is Verdict.FORGED


@pytest.mark.parametrize(
    "value", ["mx.evil.example; dmarc=pass", "dmarc=pass", "", f"x{OWN}; dmarc=fail", "; dmarc=fail"]
)
def test_nobody_elses_word_counts(value: str) -> None:
    assert judge(value) is Verdict.UNKNOWN
    assert judge(value, authserv_id="") is Verdict.UNKNOWN


def test_without_a_trusted_server_no_word_counts() -> None:
    assert judge(f"{OWN}; dmarc=fail", authserv_id="") is Verdict.UNKNOWN
    assert judge_sender({}, authserv_id=OWN) is Verdict.UNKNOWN
