"""Chats, as WhatsApp, Telegram and Signal export them, and mail."""

from __future__ import annotations

import json
import mailbox
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import Message as Mail
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path
from typing import Any

from digiclone.config import ConfigError
from digiclone.portrait.said import Line

_WHATSAPP = re.compile(
    r"^[\u200e\u200f]?\[?(\d{1,4}[./-]\d{1,2}[./-]\d{1,4}),? "
    r"(\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[\s\u202f][AaPp]\.?[Mm]\.?)?)\]?(?: -)? ([^:]{1,80}): (.*)$"
)
_BEGINS = re.compile(r"^[\u200e\u200f]?\[?\d{1,4}[./-]\d{1,2}[./-]\d{1,4},? \d{1,2}[:.]\d{2}")
_LEFT_OUT = re.compile(
    r"^[\u200e\u200f]?(<.*(omitted|weggelassen|omitido|omis).*>|.*\b(image|video|audio|sticker|GIF|document) omitted"
    r"|This message was deleted|You deleted this message|null)\.?$",
    re.IGNORECASE,
)
_WHO, _WHAT, _WHEN = ("from", "sender", "author", "name", "source"), ("text", "body", "message", "content"), (
    "date", "timestamp", "sent_at", "time", "at",
)  # fmt: skip


def is_whatsapp(text: str) -> bool:
    """Whether a text begins like WhatsApp's export."""
    return any(_BEGINS.match(line) for line in text.splitlines()[:5])


def whatsapp(text: str, source: str) -> Iterator[Line]:
    """The messages of an export; what has no sender, and what was left out of it, is none."""
    found: list[str] = []
    about: tuple[str, str, int] | None = None

    def ended() -> Iterator[Line]:
        said = "\n".join(found).strip()
        if about and said and not _LEFT_OUT.match(said):
            yield Line(about[0], said, f"{source}:{about[2]}", about[1])

    for number, line in enumerate(text.splitlines(), 1):
        if match := _WHATSAPP.match(line):
            yield from ended()
            about, found = (match[3].strip("\u200e\u200f ~"), f"{match[1]} {match[2]}", number), [match[4]]
        elif _BEGINS.match(line):
            yield from ended()
            about, found = None, []
        else:
            found.append(line)
    yield from ended()


def messages(text: str, source: str) -> Iterator[Line]:
    """Telegram's `result.json`, and any JSON whose messages have a sender and a text: a list, or an object a line.

    Raises `ConfigError` for what is none.
    """
    try:
        whole: Any = json.loads(text)
    except ValueError:
        try:
            whole = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise ConfigError(f"{source} is no JSON ({error})") from None
    rows = list(_rows(whole))
    if not rows:
        raise ConfigError(f"{source} has no messages: they need a sender ({', '.join(_WHO)}) and a text")
    for number, row in enumerate(rows, 1):
        said = _plain(_first(row, _WHAT)).strip()
        if said:
            who, at = str(_first(row, _WHO) or "").strip(), _when(_first(row, _WHEN))
            yield Line(who, said, f"{source}#{row.get('id', number)}", at)


def _rows(whole: Any) -> Iterator[Mapping[str, Any]]:
    """Everything in it that looks like a message, from first to last."""
    if isinstance(whole, list):
        for one in whole:
            yield from _rows(one)
    elif isinstance(whole, dict):
        if any(whole.get(key) for key in _WHO) and _plain(_first(whole, _WHAT)) and "messages" not in whole:
            yield whole
            return
        for key in ("messages", "chats", "list", "conversations"):
            yield from _rows(whole.get(key))


def _first(row: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((row[key] for key in keys if row.get(key)), None)


def _plain(text: Any) -> str:
    """Telegram writes a text with links as a list of its parts."""
    if isinstance(text, list):
        return "".join(map(_plain, text))
    if isinstance(text, dict):
        return _plain(text.get("text", ""))
    return text if isinstance(text, str) else ""


def _when(value: Any) -> str:
    """Seconds or milliseconds since 1970, or what stands there."""
    if isinstance(value, int | float) and 0 < value < 1e14:
        return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC).isoformat(timespec="seconds")
    return value if isinstance(value, str) else ""


def mail(file: Path, source: str) -> Iterator[Line]:
    """The letters of a mailbox, each without what it quotes; what it answers is the letter it replies to."""
    box = mailbox.mbox(file, create=False)
    try:
        written = {str(one.get("Message-ID", "")).strip(): _body(one) for _, one in _letters(box)}
        for number, one in _letters(box):
            said = _unquoted(_body(one))
            if said:
                before = _unquoted(written.get(str(one.get("In-Reply-To", "")).strip(), ""))
                yield Line(_sender(one), said, f"{source}#{number}", _date(one), before or _header(one, "Subject"))
    finally:
        box.close()


def _letters(box: mailbox.mbox) -> Iterator[tuple[int, Mail]]:
    """Numbered from 1. A line of a letter that begins with "From " and was not escaped looks like another letter; if it
    cannot be read as one, it is none."""
    for number, key in enumerate(box.iterkeys(), 1):
        try:
            yield number, box[key]
        except UnicodeDecodeError:
            continue


def _sender(one: Mail) -> str:
    name, address = parseaddr(_header(one, "From"))
    return name or address


def _header(one: Mail, name: str) -> str:
    try:
        return str(make_header(decode_header(str(one.get(name, "")))))
    except (LookupError, ValueError):
        return str(one.get(name, ""))


def _date(one: Mail) -> str:
    try:
        return parsedate_to_datetime(str(one["Date"])).isoformat(timespec="seconds")
    except (TypeError, ValueError):
        return ""


def _body(one: Mail) -> str:
    for part in one.walk():
        if part.get_content_type() == "text/plain":
            data = part.get_payload(decode=True)
            if isinstance(data, bytes):
                try:
                    return data.decode(part.get_content_charset() or "utf-8", "replace")
                except LookupError:
                    return data.decode("utf-8", "replace")
    return ""


def _unquoted(text: str) -> str:
    """Without signature, quotes, and the line that introduces them."""
    text = re.split(r"^-- $", text.replace("\r\n", "\n"), maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in text.split("\n") if not line.startswith(">")]
    return re.sub(r"^On .{5,200}wrote:$", "", "\n".join(lines), flags=re.MULTILINE | re.DOTALL).strip()
