"""Backups: sealed copies of the home folder, and the proof that one can be restored."""
