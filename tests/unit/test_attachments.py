"""Names of files are names on every system, and a browser takes a file for nothing that runs."""

import pytest

from services.domain.attachments import FILE_NAME_LENGTH, safe_content_type, safe_file_name, served_content_type


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("invoice.pdf", "invoice.pdf"),
        ("příloha č. 1.docx", "příloha č. 1.docx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Temp\\a.txt", "a.txt"),
        ("a\r\nSet-Cookie: b.txt", "a Set-Cookie_ b.txt"),
        ("exe.\u202efdp.exe", "exe.fdp.exe"),
        (".htaccess", "htaccess"),
        ("con.txt", "_con.txt"),
        ('a"b<c>.txt', "a_b_c_.txt"),
        ("trailing. . ", "trailing"),
        ("", "attachment"),
        ("...", "attachment"),
        ("x" * 300 + ".pdf", "x" * (FILE_NAME_LENGTH - 4) + ".pdf"),
    ],
)
def test_a_name_is_safe_and_still_says_what_it_is(name: str, safe: str) -> None:
    assert safe_file_name(name) == safe
    assert safe_file_name(safe) == safe


@pytest.mark.parametrize(
    ("given", "kept", "served"),
    [
        ("image/PNG", "image/png", "image/png"),
        ("text/html", "text/html", "application/octet-stream"),
        ("image/svg+xml", "image/svg+xml", "application/octet-stream"),
        ("application/pdf", "application/pdf", "application/pdf"),
        ("a/b\r\nX: y", "application/octet-stream", "application/octet-stream"),
        ("", "application/octet-stream", "application/octet-stream"),
    ],
)
def test_a_type_that_a_browser_might_run_is_only_bytes_to_it(given: str, kept: str, served: str) -> None:
    assert (safe_content_type(given), served_content_type(kept)) == (kept, served)
