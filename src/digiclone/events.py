"""Everything that can happen in a conversation.

The wire, the page, the log, the tests and the benchmarks all read this one list. A turn yields `Heard`, `Recalled` if
something comes to mind, then for each phrase `Said`, `Mouthed`, `Spoke`, once `Measured`, and ends with `Done` or
`Failed`. The rest comes from the session.
"""

from dataclasses import dataclass

from digiclone.types import Mark, Memory, Message, Speech


@dataclass(frozen=True, slots=True)
class Ready:
    """The clone is awake: its models are loaded and it can be talked to."""

    clone: str
    models: dict[str, str]
    """Which backend and model plays each part, such as ``{"asr": "moonshine:tiny-en"}``."""
    history: tuple[Message, ...] = ()
    """The end of what was said before, oldest first."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The person began to speak."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The person has finished; the clone's turn begins."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the person said, as far as it is known."""

    text: str
    final: bool = True


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the clone remembers that has to do with it: the model is given this, too."""

    memories: tuple[Memory, ...]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A memory is gone, and nothing is left of it."""

    number: int


@dataclass(frozen=True, slots=True)
class Corrected:
    """What the person really said in this turn is known now, and kept with its sound, to learn from."""

    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """A phrase that the clone is about to speak."""

    text: str


@dataclass(frozen=True, slots=True)
class Mouthed:
    """The mouth for the chunk of sound that follows: visemes, in seconds from that chunk's start."""

    visemes: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Spoke:
    """A chunk of the clone's voice. Chunks of one turn play one after the other without a gap."""

    speech: Speech


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody may be interrupting: the sound stops where it is until that is certain."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """It was an echo, a cough or an "mm-hmm": the sound goes on from where it stopped."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The clone was interrupted: the rest of this turn's sound is thrown away."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A stage broke. The conversation goes on."""

    stage: str
    error: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """Where the time went, up to the first sound: spans on the clock of the session (`Clock` in `turn.py`)."""

    spans: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """The clone has nothing more to say in this turn."""


Event = (
    Ready
    | SpeechStarted
    | SpeechEnded
    | Heard
    | Recalled
    | Forgotten
    | Corrected
    | Said
    | Mouthed
    | Spoke
    | Held
    | Resumed
    | Interrupted
    | Failed
    | Measured
    | Done
)
