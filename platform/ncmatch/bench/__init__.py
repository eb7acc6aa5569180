"""How fast it is, held against something known: `manage.py bench NAME`. See docs/benchmarks.md."""
