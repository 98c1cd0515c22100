"""What `make bench` measures and writes to bench/RESULTS.md: ratios within one run, no absolute promises."""
