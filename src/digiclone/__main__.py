"""`python -m digiclone` is `digiclone`."""

from digiclone.cli import main

main()
