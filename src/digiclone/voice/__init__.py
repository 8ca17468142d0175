"""The voice: from recordings of a person to a dataset that a synthesiser can learn from (tinyDigiClones, III-C).

Reading order: `dataset` (all of it), `read` (any file, in blocks), `clips` (one block), `denoise`, `transcribe` (words
and their times), `segment` (where speech begins and ends), `script` and `follow` (the person's own transcripts), `cut`
(words into clips), `check` (is a clip good enough), `models` (weights);
`card` (is a voice good enough: `words`, `mos`, `speaker`).
"""
