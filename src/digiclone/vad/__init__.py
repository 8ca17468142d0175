"""Backends of kind `vad`: is somebody speaking, and have they finished? One file each; see `digiclone/stages.py`
for what they must do."""
