"""The folding of too many addresses into few."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perfkit.patterns import fold_further

SEGMENTS = st.sampled_from(["a", "b", "c", "d", "{id}", "{any}", ""])
PATHS = st.sets(st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join).map("GET /{}".format), max_size=60)


@given(PATHS, st.integers(4, 20))
def test_folding_keeps_every_name_and_folds_the_same_again(paths: set[str], most: int) -> None:
    """Every name has its folded name, of the same length; what was folded is not folded further by itself."""
    folded = fold_further(paths, most)
    assert folded.keys() == paths
    assert all(name.count("/") == folded[name].count("/") for name in paths)
    again = set(folded.values())
    assert len(set(fold_further(again, most).values())) <= max(len(again), 1)


def test_folding_begins_where_a_path_has_most_branches() -> None:
    people = [f"GET /people/{chr(97 + n % 26)}{n}x/edit" for n in range(600)]
    pages = [f"GET /pages/{word}" for word in ("home", "cart", "help")]
    folded = set(fold_further([*people, *pages]).values())
    assert folded == {"GET /people/{any}/edit", *pages}
