"""The avatar: a talking 3D head, built by our own code from public-domain parts and written as one GLB file.

Reading order: `assets` (which files, under which licence), `mesh` and `proxy` (the formats), `human` (a person out of
shape targets), `visemes` (mouth shapes), `bust` (what is kept, and how shapes move it), `texture` and `skin` (images),
`glb` (the file), `head` (all of it in one function).
"""
