"""Benchmarks: `make bench` runs all, `make bench B=name` one. Each module has `run()`, which returns its figures."""
