"""Whose avatar it is and what its author allows, as far as the file says so."""

from dataclasses import dataclass
from typing import Any

from digiclone.avatar.foreign.document import Document

_MOST = 300


@dataclass(frozen=True, slots=True)
class Licence:
    """For people. Empty where the file is silent; `warning` if its author does not allow everyone to use it."""

    title: str = ""
    author: str = ""
    licence: str = ""
    url: str = ""
    warning: str = ""

    @property
    def line(self) -> str:
        """All of it in a line, such as "Alicia, by DWANGO, Other (https://…)"."""
        by = f"by {self.author}" if self.author else ""
        link = f"({self.url})" if self.url else ""
        return ", ".join(filter(None, (self.title, by, " ".join(filter(None, (self.licence, link))))))


def licence(document: Document) -> Licence:
    """What the file says of itself: VRM's meta data, else the asset's copyright and extras."""
    new, old = (_object(document.extensions.get(name)).get("meta") for name in ("VRMC_vrm", "VRM"))
    if isinstance(new, dict):
        authors = new.get("authors")
        names = ", ".join(map(_text, authors[:5])) if isinstance(authors, list) else ""
        return Licence(
            title=_text(new.get("name")),
            author=names[:_MOST],
            url=_text(new.get("licenseUrl")),
            warning=_warning(new.get("avatarPermission")),
        )
    if isinstance(old, dict):
        return Licence(
            _text(old.get("title")),
            _text(old.get("author")),
            _text(old.get("licenseName")).replace("_", " "),
            _text(old.get("otherLicenseUrl") or old.get("otherPermissionUrl")),
            _warning(old.get("allowedUserName")),
        )
    extras = _object(document.asset.extras)
    return Licence(
        _text(extras.get("title")),
        _text(extras.get("author")) or document.asset.copyright[:_MOST],
        _text(extras.get("license") or extras.get("licence")),
        _text(extras.get("source")),
    )


def _warning(allowed: Any) -> str:
    who = _text(allowed).lower()
    if who.startswith("onlyauthor"):
        return "its licence lets only its author use this avatar"
    if who.startswith(("onlyseparately", "explicitlylicensed")):
        return "its licence lets only people use this avatar to whom its author gave permission"
    return ""


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return "".join(c for c in value if c.isprintable()).strip()[:_MOST] if isinstance(value, str) else ""
