"""The avatar: a talking 3D head, built by our own code from public-domain parts and written as one GLB file.

Reading order: `head` (all of it in one function), `assets` (which files, under which licence), `mesh` and `proxy` (the
formats), `human` (a person out of shape targets), `visemes` and `lips` (the mouth), `bust` (meshes on a person, moved
by shapes), `shade` and `light` (what the sky reaches), `texture`, `raster`, `skin` and `surfaces` (images, materials),
`glb` (the file). `default` is the catalogue row.
"""
