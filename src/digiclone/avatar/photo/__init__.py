"""From one photo of a person to the geometry of their head.

Reading order: `read` (any picture file, safely), `landmarks` (where the face is, 468 points on it), `correspond` (which
points of the mesh those are), `model` (how faces differ and how they move), `pose` (the camera), `fit` (all of it), and
`warp` (what the model could not say).
"""
