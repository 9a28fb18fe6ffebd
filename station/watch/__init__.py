"""How the station itself is: its processes, its machine, its files and its logs.

`told` is what the supervisor says of its children; `machine` looks at what runs here; `judge` says of all of
it whether it is well and is pure; `metrics` writes it for Prometheus; `logs` reads the log files backwards.
"""
