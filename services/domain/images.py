"""Which pictures a reader's browser may be handed: told by their first bytes, whatever a server calls them. Pure."""

LARGEST_IMAGE = 5 * 1024 * 1024


def image_type(content: bytes) -> str:
    """The content type of a picture that runs nothing; "" for anything else, SVG among it."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return ""
