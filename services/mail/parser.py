"""Reads mails where breaking does no harm: `python -m services.mail.parser <seconds>`, a process with little to spend.

Takes mails on standard input and answers on standard output, one after the other, until the input ends. Each side
writes a line of JSON with the size of what follows it. Nothing but time and memory can be taken from it: it has no
secret, no connection, and may write no file.
"""

import json
import math
import os
import resource
import signal
import sys
from base64 import b64encode
from dataclasses import asdict
from time import process_time
from typing import Any, BinaryIO

from services.domain.errors import Invalid
from services.mail.parse import parse_mail
from services.mail.reports import read_report

MEMORY_BYTES = 768 * 1024 * 1024


def main(cpu_seconds: int) -> None:
    """Serve until the input ends; each mail may take this much of a processor."""
    _limit()
    source, answers = sys.stdin.buffer, sys.stdout.buffer
    _write(answers, b"{}")
    while line := source.readline():
        request = json.loads(line)
        raw = source.read(request["size"])
        _allow(cpu_seconds)
        try:
            answer = _answer(raw, task=request["task"], envelope_sender=request["envelope_sender"])
        except MemoryError:
            # There may be none left to say so in words.
            os._exit(1)
        _write(answers, answer)


def _answer(raw: bytes, *, task: str, envelope_sender: str) -> bytes:
    try:
        if task == "report":
            found = asdict(read_report(raw)) | {"raw_source": ""}
        else:
            found = asdict(parse_mail(raw, envelope_sender=envelope_sender, by_hand=task == "mail")) | {"raw": ""}
    except Invalid as invalid:
        return json.dumps({"invalid": {"message": invalid.message, "reason": invalid.reason}}).encode()
    except MemoryError:
        raise
    except Exception as error:  # whatever the libraries trip over; the mail's words stay out of the log
        return json.dumps({"error": type(error).__name__}).encode()
    return json.dumps({"found": found}, default=_base64).encode()


def _base64(value: Any) -> str:
    return b64encode(value).decode()


def _write(answers: BinaryIO, answer: bytes) -> None:
    answers.write(b'{"size": %d}\n' % len(answer) + answer)
    answers.flush()


def _limit() -> None:
    for limit, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (most, most))
    # The one who started it decides when it ends, also when both are interrupted at a terminal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _allow(cpu_seconds: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(process_time()) + cpu_seconds, hard))


if __name__ == "__main__":
    main(int(sys.argv[1]))
