"""The voice: from recordings of a person to a dataset that a synthesiser can learn from (tinyDigiClones, III-C).

Reading order: `segment` (where speech begins and ends), `models` (weights that making a voice needs).
"""
