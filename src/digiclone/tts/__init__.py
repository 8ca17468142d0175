"""Backends of kind `tts`: text to speech. One file each; see `digiclone/stages.py` for what they must do."""
