"""Benchmarks: run by `make bench-…`, never as tests. Each prints a table and writes var/bench/<name>.json.

Machines are noisy, so every figure is the median of repeated runs; compare figures of one run with each other.
"""
