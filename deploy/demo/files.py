"""The files that the demo's customers attach: a photo (PNG) and a document (PDF), made here from nothing. Pure."""

import struct
import zlib
from random import Random

_WIDTH, _HEIGHT = 640, 400
_BOX_WIDTH, _BOX_HEIGHT = 300, 200


def photo(seed: str) -> bytes:
    """A picture of a cracked box on a floor, in colours of its own."""
    random = Random(seed)  # noqa: S311 - a picture, not a secret
    floor, box, crack = (bytes(random.randrange(60, 230) for _ in range(3)) for _ in range(3))
    left, top = random.randrange(60, 260), random.randrange(60, 140)
    rows = [floor * _WIDTH] * top
    for y in range(_BOX_HEIGHT):
        before = int(y * 1.4)
        inside = box * before + crack * 3 + box * (_BOX_WIDTH - before - 3)
        rows.append(floor * left + inside + floor * (_WIDTH - left - _BOX_WIDTH))
    rows += [floor * _WIDTH] * (_HEIGHT - len(rows))
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    pixels = b"".join(b"\0" + row for row in rows)  # each row begins with its filter: none
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(pixels)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def document(*lines: str) -> bytes:
    """A page with these lines of ASCII (ISO 32000-1)."""
    drawn = "".join(f"({line.translate(_ESCAPED)}) Tj T* " for line in lines)
    text = f"BT /F1 12 Tf 16 TL 60 780 Td {drawn}ET".encode("ascii", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
    )
    content, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(content)
    return bytes(content) + b"xref\n0 5\n0000000000 65535 f \n" + table + trailer


_ESCAPED = str.maketrans({"(": r"\(", ")": r"\)", "\\": r"\\"})
