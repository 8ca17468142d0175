"""A folder on your own machine that talks like you, in your voice, with your face.

>>> from digiclone import Clone
>>> for event in Clone.open("ada").reply("Hello!"):  # doctest: +SKIP
...     print(event)
"""

from typing import TYPE_CHECKING

from digiclone.events import Done, Event, Failed, Heard, Mouthed, Said, Spoke
from digiclone.types import Audio, Speech

if TYPE_CHECKING:
    from digiclone.clone import Clone

__all__ = ["Audio", "Clone", "Done", "Event", "Failed", "Heard", "Mouthed", "Said", "Speech", "Spoke"]


def __getattr__(name: str) -> object:
    """`Clone` is imported when it is asked for: the nouns alone need only numpy."""
    if name == "Clone":
        from digiclone.clone import Clone  # noqa: PLC0415

        return Clone
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
