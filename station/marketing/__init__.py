"""The outside marketing system: its records come by files and by the API, and are held against the archives.

`three` is the rule, pure; `receive` holds what they say against ours, `settle` is a person's word on what
differs, `files` reads a file, `spool` takes those that another system laid into the home folder.
"""
