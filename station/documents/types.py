"""What a file is, by its first bytes: names are what people type. Pure."""

from typing import NamedTuple

HEAD_BYTES = 4096  # enough to tell
CHARS = 8


class Type(NamedTuple):
    name: str  # word `document_type.NAME`
    mime: str
    inline: bool = False  # shown in the browser; others are downloaded
    text: bool = False  # may have text for the search


TYPES: dict[str, Type] = {
    each.name: each
    for each in (
        Type("png", "image/png", inline=True),
        Type("jpeg", "image/jpeg", inline=True),
        Type("gif", "image/gif", inline=True),
        Type("webp", "image/webp", inline=True),
        Type("heic", "image/heic"),
        Type("pdf", "application/pdf", inline=True, text=True),
        Type("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", text=True),
        Type("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        Type("text", "text/plain", text=True),
    )
}
IMAGES = ("png", "jpeg", "gif", "webp")
_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"%PDF-", "pdf"),
)
_PARTS = ((b"xl/", "xlsx"), (b"word/", "docx"))  # in the zip that an office document is


def of(head: bytes) -> Type | None:
    """The type of a file that begins so; None for what is not taken."""
    for start, name in _STARTS:
        if head.startswith(start):
            return TYPES[name]
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return TYPES["webp"]
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1"):
        return TYPES["heic"]
    if head.startswith(b"PK\x03\x04"):
        return next((TYPES[name] for part, name in _PARTS if part in head), None)
    return TYPES["text"] if _is_text(head) else None


def _is_text(head: bytes) -> bool:
    """UTF-8 or GB18030 without control characters; a character cut off at the end does not count."""
    if not head or any((byte < 32 and byte not in b"\t\n\r\f") or byte == 127 for byte in head):
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            head.decode(encoding)
        except UnicodeDecodeError as error:
            if len(head) >= HEAD_BYTES and error.start >= len(head) - CHARS:
                return True
            continue
        return True
    return False
