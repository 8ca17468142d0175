"""Any avatar made to talk: files that other programs wrote, read safely, and their shapes driven by ours.

Reading order: `inspect` (all of it in one function), `container` (GLB framing), `document` (the part of glTF and VRM
that matters), `check` (every index and every byte in bounds), `humanoid` (bones), `licence`; then `mapping` (our shapes
made of theirs), `names` (words out of names), `vocabulary` (what others call our shapes), `mapfile` (mapping.toml).
"""
