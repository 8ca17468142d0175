"""Weights that a command needs, brought onto this machine; nothing happens if they are here."""

from collections.abc import Iterable

from digiclone.commands.models import progress
from digiclone.weights import File, fetch_all


def bring(files: Iterable[File]) -> None:
    """Download what is missing, with a bar. Raises `WeightsError`."""
    with progress() as report:
        fetch_all(files, report)
