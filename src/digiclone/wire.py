"""Events as bytes, commands as JSON: the protocol of `docs/wire.md`. Its mirror is `web/wire.js`."""

import dataclasses
import json
import struct
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from digiclone.config import Strict
from digiclone.dsp import to_pcm16
from digiclone.events import Event, Spoke

MOST_AUDIO = 65_536
"""Bytes in one frame of microphone sound."""
MOST_TEXT = 16_384
"""Bytes in one command."""


class BadFrame(ValueError):
    """A frame that is not in the protocol."""


def encode(event: Event, turn: int, at: float) -> bytes:
    """`u32` header length, JSON header, then 16-bit PCM if there is sound."""
    payload = b""
    if isinstance(event, Spoke):
        speech = event.speech
        phones = [dataclasses.asdict(phone) for phone in speech.phones]
        data: dict[str, Any] = {"text": speech.text, "rate": speech.rate, "phones": phones}
        payload = to_pcm16(speech)
    else:
        data = dataclasses.asdict(event)
    head = json.dumps({"type": type(event).__name__, "turn": turn, "at": at, **data}).encode()
    return struct.pack("<I", len(head)) + head + payload


def decode(frame: bytes) -> tuple[dict[str, Any], bytes]:
    """A frame's header and its sound, if any."""
    (length,) = struct.unpack_from("<I", frame)
    return json.loads(frame[4 : 4 + length]), frame[4 + length :]


class Mic(Strict):
    type: Literal["mic"]
    rate: int = Field(ge=8000, le=192_000)


class Mode(Strict):
    type: Literal["mode"]
    hands_free: bool


class Talk(Strict):
    type: Literal["talk"]
    down: bool


class Say(Strict):
    type: Literal["say"]
    text: str = Field(min_length=1, max_length=4000)


class Stop(Strict):
    type: Literal["stop"]


class Correct(Strict):
    type: Literal["correct"]
    turn: int = Field(ge=0)
    text: str = Field(min_length=1, max_length=4000)


class Forget(Strict):
    type: Literal["forget"]
    number: int = Field(ge=0)


class Played(Strict):
    type: Literal["played"]
    turn: int = Field(ge=0)
    seconds: float = Field(ge=0, le=3600, allow_inf_nan=False)


Command = Mic | Mode | Talk | Say | Stop | Correct | Forget | Played
_COMMAND: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="type")])


def parse(text: str) -> Command:
    """A command from the page. Raises `BadFrame`."""
    if len(text) > MOST_TEXT:
        raise BadFrame(f"a command of {len(text)} characters; {MOST_TEXT} at most")
    try:
        return _COMMAND.validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadFrame(f"not a command: {first['msg']}"[:100]) from None
