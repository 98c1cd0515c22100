"""The tree finds what a walk along the row finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shipway.scheduler.first_fit import FirstFit

amounts = st.integers(-2, 5)
rows = st.lists(st.tuples(amounts, amounts), max_size=20)


@given(rows, st.lists(st.tuples(st.integers(0, 19), amounts, amounts), max_size=10), amounts, amounts)
def test_first_with_enough_of_both(
    row: list[tuple[int, int]], changes: list[tuple[int, int, int]], cpu: int, memory: int
) -> None:
    """From any place on, also after amounts have changed; nobody has enough: the end of the row."""
    fit = FirstFit([c for c, _ in row], [m for _, m in row])
    for at, now_cpu, now_memory in changes:
        if at < len(row):
            row[at] = (now_cpu, now_memory)
            fit.set(at, now_cpu, now_memory)
    for start in range(len(row) + 1):
        enough = [at for at, (c, m) in enumerate(row) if at >= start and c >= cpu and m >= memory]
        assert fit.first(start, cpu, memory) == (enough[0] if enough else len(row))
