"""Four hundred and sixty-eight points on one face, its irises, and where the person is in the picture.

Face Mesh looks at a square around the face, turned until the eyes are level; what it finds gives a better square, so it
looks again, and then so does the network that was taught what a picture shows of a face in space. The lids are measured
once more, larger, by the iris network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pillow

from digiclone.avatar.mesh import Floats, Ints
from digiclone.avatar.photo import networks
from digiclone.avatar.photo.detect import Found, find_faces
from digiclone.avatar.photo.read import PhotoError
from digiclone.avatar.texture import Pixels

COUNT = 468
# Outer corners of the person's right and left eye, the inner ones, and the ends of the face: forehead, chin.
OUTER_EYES, INNER_EYES, TOP, CHIN = (33, 263), (133, 362), 10, 152
# The silhouette, clockwise from the forehead as the viewer sees it.
OVAL = np.array(
    [10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
     136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109],
)  # fmt: skip
# The iris network's 71 points around an eye as points of the mesh: lids, three rings around them, brow.
RIGHT_EYE = np.array(
    [33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173, 130, 25, 110, 24, 23, 22, 26, 112,
     243, 247, 30, 29, 27, 28, 56, 190, 226, 31, 228, 229, 230, 231, 232, 233, 244, 113, 225, 224, 223, 222, 221, 189,
     35, 124, 46, 53, 52, 65, 143, 111, 117, 118, 119, 120, 121, 128, 245, 156, 70, 63, 105, 66, 107, 55, 193],
)  # fmt: skip
LEFT_EYE = np.array(
    [263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398, 359, 255, 339, 254, 253, 252, 256,
     341, 463, 467, 260, 259, 257, 258, 286, 414, 446, 261, 448, 449, 450, 451, 452, 453, 464, 342, 445, 444, 443, 442,
     441, 413, 265, 353, 276, 283, 282, 295, 372, 340, 346, 347, 348, 349, 350, 357, 465, 383, 300, 293, 334, 296, 336,
     285, 417],
)  # fmt: skip
# Of those, the lids: the rings and the brow are measured no better than by Face Mesh.
LIDS = 16
MESH_SIDE, EYE_SIDE, MASK_SIDE = 192, 64, 256
# How much larger than the face, or the eye, the square is.
FACE_ROOM, EYE_ROOM = 1.5, 2.3
# Looks at one face: moved right and down, grown, turned. What they see differs by chance, and less on average.
BESIDE = ((0, 0, 1, 0), (0.02, 0.02, 1.05, 0.06), (-0.02, 0.02, 0.95, -0.06), (0.02, -0.02, 0.95, 0.06),
          (-0.02, -0.02, 1.05, -0.06))  # fmt: skip
PRESENT = 0.5
MIN_EYE_PIXELS = 45
MAX_YAW, MAX_PITCH = 40.0, 35.0


@dataclass(frozen=True, eq=False)
class Iris:
    """`centre` (x, y) and `radius` in pixels."""

    centre: tuple[float, float]
    radius: float


@dataclass(frozen=True, eq=False)
class Landmarks:
    """`points` (468, 3): x and y in pixels from the picture's top left corner, z in that unit, away from the camera;
    `presence` 0..1; `irises` of the person's right and left eye."""

    points: Floats
    presence: float
    irises: tuple[Iris, Iris]

    @property
    def eye_distance(self) -> float:
        """Between the outer corners of the eyes, pixels."""
        right, left = self.points[list(OUTER_EYES), :2]
        return float(np.hypot(*(left - right)))


@dataclass(frozen=True)
class Square:
    """A turned square of the picture: `middle` (x, y) and `side` in pixels, `angle` in radians, clockwise."""

    middle: tuple[float, float]
    side: float
    angle: float

    def axes(self) -> Floats:
        """Its x and y axis in pixels of the picture, one per row, as long as the square."""
        c, s = np.cos(self.angle) * self.side, np.sin(self.angle) * self.side
        return np.array([[c, s], [-s, c]])

    def beside(self, right: float, down: float, grown: float, turned: float) -> Square:
        """Another: moved by shares of its side, `grown` times as large, turned by radians."""
        x, y = np.array(self.middle) + np.array([right, down]) @ self.axes()
        return Square((float(x), float(y)), self.side * grown, self.angle + turned)

    def to_picture(self, points: Floats) -> Floats:
        """Points (N, 3) in 0..1 of the square, z in its unit, in pixels of the picture."""
        flat = (points[:, :2] - 0.5) @ self.axes() + np.array(self.middle)
        return np.concatenate([flat, points[:, 2:] * self.side], axis=1)

    def cut(self, picture: Pixels, size: int) -> Pixels:
        """What it shows, (size, size, 3); black beyond the rim of the picture."""
        left, top, right, bottom = _bounds(self, picture)
        part = Pillow.fromarray((picture[top:bottom, left:right] * 255).astype(np.uint8))
        # Sampling skips pixels when it makes smaller, so whole blocks of them are averaged first.
        block = max(1, int(self.side / size))
        part = part.reduce(block)
        (ax, ay), (bx, by) = self.axes() / size
        x, y = np.array(self.middle) - self.axes().sum(axis=0) / 2 - (left, top)
        data = np.array([ax, bx, x, ay, by, y]) / block
        cut = part.transform((size, size), Pillow.Transform.AFFINE, tuple(data), Pillow.Resampling.BILINEAR)
        return np.asarray(cut, dtype=np.float32) / np.float32(255)


def _bounds(square: Square, picture: Pixels) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the part of the picture that a square can touch; at least one pixel."""
    height, width = picture.shape[:2]
    reach = square.side * 0.75
    left, top = (int(np.clip(m - reach, 0, n - 1)) for m, n in zip(square.middle, (width, height), strict=True))
    right, bottom = (int(np.clip(m + reach, 1, n)) for m, n in zip(square.middle, (width, height), strict=True))
    return left, top, max(right, left + 1), max(bottom, top + 1)


def read_landmarks(picture: Pixels, face: int | None = None) -> Landmarks:
    """The points of the one face in a picture (H, W, 3), or of the `face`-th from the left, counted from 1.

    Raises PhotoError: no face, several, one turned away, covered, too small or cut off.
    """
    found = choose(find_faces(picture), face)
    seen = measure(picture, found)
    check(seen, picture.shape[1], picture.shape[0])
    return seen


def choose(faces: Sequence[Found], number: int | None) -> Found:
    """The face that is meant. Raises PhotoError when that is open."""
    if not faces:
        raise PhotoError(
            "no face was found in the photo; take one from the front, upright, with even light, "
            "the face unobstructed and filling about a third of the picture"
        )
    if number is None and len(faces) > 1:
        listed = ", ".join(f"{i} at x={_middle(f)[0]:.0f} y={_middle(f)[1]:.0f}" for i, f in enumerate(faces, 1))
        raise PhotoError(f"the photo shows {len(faces)} faces ({listed}, in pixels); choose one with --face N")
    if number is not None and not 1 <= number <= len(faces):
        raise PhotoError(f"there is no face {number} in the photo; it shows {len(faces)}, counted from the left")
    return faces[(number or 1) - 1]


def _middle(face: Found) -> Floats:
    return np.array([face.box[0] + face.box[2], face.box[1] + face.box[3]]) / 2


def measure(picture: Pixels, face: Found, *, taught: bool = True) -> Landmarks:
    """All points of a face that was found, or what MediaPipe alone makes of it. Raises nothing: see `check`."""
    middle, side = _middle(face), max(face.box[2] - face.box[0], face.box[3] - face.box[1])
    square = _square(middle, side * FACE_ROOM, face.eyes[1] - face.eyes[0])
    rough, _ = _mesh(picture, square)
    points, presence = _mesh(picture, _around(rough[:, :2], rough[list(OUTER_EYES), :2], FACE_ROOM))
    if taught:
        points = _in_space(picture, _around(points[:, :2], points[list(OUTER_EYES), :2], FACE_ROOM))
    right, right_lids = _eye(picture, points[[OUTER_EYES[0], INNER_EYES[0]], :2], points, mirrored=False)
    left, left_lids = _eye(picture, points[[INNER_EYES[1], OUTER_EYES[1]], :2], points, mirrored=True)
    points[RIGHT_EYE[:LIDS], :2], points[LEFT_EYE[:LIDS], :2] = right_lids, left_lids
    return Landmarks(points, presence, (right, left))


def _mesh(picture: Pixels, square: Square) -> tuple[Floats, float]:
    raw, logit = networks.run(networks.MESH, square.cut(picture, MESH_SIDE))
    points = square.to_picture(raw.reshape(COUNT, 3).astype(np.float64) / MESH_SIDE)
    return points, float(1 / (1 + np.exp(-np.clip(float(logit.ravel()[0]), -50, 50))))


def _in_space(picture: Pixels, square: Square) -> Floats:
    """What the taught network sees in a square and in some a little beside it, on average."""
    squares = [square.beside(*step) for step in BESIDE]
    found = networks.measure([s.cut(picture, MESH_SIDE) for s in squares])
    return np.mean([s.to_picture(points / MESH_SIDE) for s, points in zip(squares, found, strict=True)], axis=0)


def _eye(picture: Pixels, corners: Floats, points: Floats, *, mirrored: bool) -> tuple[Iris, Floats]:
    """The iris and the lids (16, 2) of one eye; the network knows right eyes, so a left one is shown in a mirror."""
    square = _around(corners, points[list(OUTER_EYES), :2], EYE_ROOM)
    view = square.cut(picture, EYE_SIDE)
    contour, iris = networks.run(networks.IRIS, view[:, ::-1] if mirrored else view)
    flat = np.concatenate([contour.reshape(-1, 3), iris.reshape(-1, 3)]).astype(np.float64) / EYE_SIDE
    if mirrored:
        flat[:, 0] = 1 - flat[:, 0]
    placed = square.to_picture(flat)[:, :2]
    centre, ring = placed[-5], placed[-4:]
    radius = float(np.linalg.norm(ring - ring.mean(axis=0), axis=1).mean())
    return Iris((float(centre[0]), float(centre[1])), radius), placed[:LIDS]


def _around(points: Floats, level: Floats, room: float) -> Square:
    """The square around points (N, 2) in a frame in which the pair of points `level` (2, 2) is level."""
    axis = (level[1] - level[0]) / max(float(np.hypot(*(level[1] - level[0]))), 1e-9)
    frame = np.array([axis, [-axis[1], axis[0]]])
    turned = points @ frame.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    return _square((low + high) / 2 @ frame, float((high - low).max()) * room, axis)


def _square(middle: Floats, side: float, axis: Floats) -> Square:
    return Square((float(middle[0]), float(middle[1])), max(side, 1.0), float(np.arctan2(axis[1], axis[0])))


def check(seen: Landmarks, width: int, height: int) -> None:
    """Raise PhotoError unless a head can be made from these points in a picture of this size."""
    if seen.presence < PRESENT:
        raise PhotoError(
            "the face is covered or too unclear to measure; "
            "take a photo without mask, hand, dark glasses or hard shadow"
        )
    yaw, pitch = angles(seen.points)
    if abs(yaw) > MAX_YAW:
        side = "left" if yaw > 0 else "right"
        raise PhotoError(f"the face is turned {abs(yaw):.0f} degrees to its {side}; look into the camera for the photo")
    if abs(pitch) > MAX_PITCH:
        tilt = "down" if pitch > 0 else "up"
        raise PhotoError(
            f"the face is turned {abs(pitch):.0f} degrees {tilt}; hold the camera at the height of the eyes"
        )
    outside = (seen.points[:, :2] < 0) | (seen.points[:, :2] > (width, height))
    if outside.any(axis=1).mean() > 0.01:
        raise PhotoError("the face is cut off by the edge of the picture; use a photo that shows all of it")
    if seen.eye_distance < MIN_EYE_PIXELS:
        raise PhotoError(
            f"the face is too small: {seen.eye_distance:.0f} pixels between the outer corners of the eyes, where "
            f"{MIN_EYE_PIXELS} are needed; come nearer, or use the original picture and not a smaller copy"
        )


def angles(points: Floats) -> tuple[float, float]:
    """Roughly how far a face is turned to its left and down, in degrees, from its points (468, 3)."""
    across = points[OUTER_EYES[1]] - points[OUTER_EYES[0]]
    down = points[CHIN] - points[TOP]
    outward = np.cross(across, down) * np.array([1, 1, 1])
    outward /= np.linalg.norm(outward)
    # across x down points away from the camera, into the head
    x, y, z = -outward
    return float(np.degrees(np.arctan2(x, -z))), float(np.degrees(np.arctan2(y, np.hypot(x, z))))


def person_mask(picture: Pixels) -> Pixels:
    """How much of every pixel is the person and not what is behind them, (H, W) in 0..1."""
    height, width = picture.shape[:2]
    eight = Pillow.fromarray((picture * 255).astype(np.uint8))
    small = eight.resize((MASK_SIDE, MASK_SIDE), Pillow.Resampling.BOX)
    (mask,) = networks.run(networks.SELFIE, np.asarray(small, dtype=np.float32) / np.float32(255))
    grey = Pillow.fromarray(np.ascontiguousarray(mask[..., 0], dtype=np.float32))
    return np.clip(np.asarray(grey.resize((width, height), Pillow.Resampling.BILINEAR)), 0, 1)


def contour(yaw: float) -> Ints:
    """Points of the oval on the side that is turned away, whose place on the skin slides; `yaw` as in `angles`."""
    half = len(OVAL) // 2
    return OVAL[half + 1 :] if yaw < 0 else OVAL[1:half]
