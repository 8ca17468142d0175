"""The voice: from recordings of a person to a dataset that a synthesiser can learn from (tinyDigiClones, III-C).

Reading order: `read` (any file, in blocks), `denoise`, `transcribe` (words and their times), `segment` (where speech begins and
ends), `cut` (words into clips), `clips` (all of that for one block), `check` (is a clip good enough), `models` (weights).
"""
