"""Periodic work: `due` says when, `life` runs it, `own` has the work that is nobody else's.

The work of other rooms is handed in by the process (station/cli/processes.py); pages know jobs by what
that process registered in the store.
"""
