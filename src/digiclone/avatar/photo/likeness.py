"""From a photo to a face: fit the mesh to it, take its skin, look at its hair and eyes."""

from __future__ import annotations

from collections.abc import Callable

from digiclone.avatar.assets import Assets
from digiclone.avatar.photo import masks
from digiclone.avatar.photo.colours import coloured, guess, is_grey
from digiclone.avatar.photo.face import Face
from digiclone.avatar.photo.fit import fit
from digiclone.avatar.photo.hair import find_hair
from digiclone.avatar.photo.read import Photo
from digiclone.avatar.photo.skin import skin
from digiclone.avatar.photo.texels import texels


def likeness(photo: Photo, loaded: Assets, number: int | None, tell: Callable[[str, float], None]) -> Face:
    """The face in a photo; `number` chooses one of several, from left to right, 1 first.

    `tell` hears what is being done and the share that is behind, 0..1. Raises `PhotoError` in words for people.
    """
    fitted = fit(photo, loaded, number, lambda what, share: tell(what, 0.5 * share))
    tell("taking the skin", 0.5)
    picture = photo.pixels
    hair = find_hair(picture, fitted.points, fitted.mask)
    bare = masks.skin(picture, fitted.points, fitted.mask, hair.mask)
    painted, seen, tone = skin(picture, fitted.camera, fitted.expressive, bare, loaded, texels(loaded.base_mesh))
    if is_grey(picture, fitted.points):
        painted, tone = coloured(painted, tone)
    tell("looking at hair and eyes", 0.9)
    guessed = guess(picture, fitted.points, fitted.landmarks.irises, fitted.mask, hair)
    return Face(fitted.vertices, fitted.human, painted, seen, tone, guessed)
