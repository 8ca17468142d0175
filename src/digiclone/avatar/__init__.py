"""The avatar: a talking 3D head, built by our own code from public-domain parts and written as one GLB file.

Reading order: `look` (what may be chosen), `head` (all of it in one function), `assets` (which files, under which
licence), `mesh` and `proxy` (the formats), `human` (a person out of shape targets), `body` (another body under a face),
`visemes` and `lips` (the mouth), `bust` (meshes on a person, moved by shapes), `shade` and `light` (what the sky
reaches), `texture`, `raster`, `complexion`, `skin`, `tint` and `surfaces` (images, colours, materials),
`rig` (the joints), `glb` (the file, out of `skeleton`, `quantise` and `accessors`). `default` is the catalogue row.
"""
