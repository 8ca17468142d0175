"""From a photo to a face: find it, fit the mesh to it, take its skin, look at its hair and eyes."""

from __future__ import annotations

from collections.abc import Callable

from digiclone.avatar.assets import Assets
from digiclone.avatar.photo.colours import guess
from digiclone.avatar.photo.face import Face
from digiclone.avatar.photo.fit import fit
from digiclone.avatar.photo.landmarks import person_mask, read_landmarks
from digiclone.avatar.photo.masks import skin as bare_skin
from digiclone.avatar.photo.skin import skin
from digiclone.avatar.photo.texels import texels
from digiclone.avatar.texture import Pixels


def likeness(picture: Pixels, loaded: Assets, number: int | None, tell: Callable[[str, float], None]) -> Face:
    """The face in a picture (H, W, 3); `number` chooses one of several, from left to right, 1 first.

    `tell` hears what is being done and the share that is behind, 0..1. Raises `PhotoError` in words for people.
    """
    tell("finding the face", 0.0)
    found = read_landmarks(picture, number)
    points = found.points[:, :2]
    tell("fitting the head", 0.1)
    fitted = fit(found, picture.shape[1], picture.shape[0], loaded)
    tell("taking the skin", 0.5)
    person = person_mask(picture)
    mesh = loaded.base_mesh
    bare = bare_skin(picture, points, person)
    painted, seen, tone = skin(picture, fitted.camera, fitted.expressive, bare, mesh, texels(mesh))
    tell("looking at hair and eyes", 0.9)
    return Face(fitted.vertices, fitted.human, painted, seen, tone, guess(picture, points, found.irises, person))
