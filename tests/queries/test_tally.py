"""Executions add up by shape, in bounded memory, and keep examples that can be run."""

from __future__ import annotations

from perfkit.model import CapturedQuery
from perfkit.queries.methods import choose
from perfkit.queries.tally import MAX_FINGERPRINTS, MAX_SETS, MAX_STATEMENT_CHARACTERS, Context, Example, Tally
from tests.builders import START, a_phase

SQL = "SELECT a FROM t WHERE b = $1"


def tallied(*examples: Example) -> tuple[CapturedQuery, ...]:
    tally = Tally()
    for example in examples:
        tally.add(example, START, Context("erp"))
    return tally.queries()


def test_calls_and_times_add_up() -> None:
    (query,) = tallied(Example(SQL, ("1",), 10.0), Example(SQL, ("2",), 30.0))
    assert (query.calls, query.total_ms, query.mean_ms, query.max_ms) == (2, 40.0, 20.0, 30.0)


def test_the_query_with_the_largest_total_comes_first() -> None:
    often = [Example("SELECT 1", (), 10.0)] * 5
    assert [query.total_ms for query in tallied(Example("SELECT a", (), 40.0), *often)] == [50.0, 40.0]


def test_of_the_parameters_the_slowest_come_first_and_then_those_that_stand_for_others() -> None:
    examples = [Example(SQL, ("usual",), 20.0)] * 5
    examples += [Example(SQL, (str(ms),), float(ms)) for ms in range(1, 20)]
    examples += [Example(SQL, ("slow",), 99.0)]
    (query,) = tallied(*examples)
    kept = [kept.values[0] for kept in query.parameter_sets]
    assert kept[0] == "slow"
    assert {"usual", "1"} <= set(kept)  # the most frequent, the fastest
    assert len(kept) == len(set(kept)) <= MAX_SETS


def test_a_null_is_another_value_than_an_empty_string() -> None:
    (query,) = tallied(Example(SQL, (None,), 2.0), Example(SQL, ("",), 1.0))
    assert [kept.values for kept in query.parameter_sets] == [(None,), ("",)]


def test_a_statement_with_its_values_written_in_is_kept_as_its_slowest_example() -> None:
    (query,) = tallied(Example("SELECT a FROM t WHERE b = 7", (), 5.0), Example("SELECT a FROM t WHERE b = 8", (), 9.0))
    assert query.statement == "SELECT a FROM t WHERE b = 8"
    assert [(kept.values, kept.duration_ms) for kept in query.parameter_sets] == [((), 9.0)]


def test_values_stay_with_the_text_that_they_came_with() -> None:
    """Two texts of one shape take different values: $1 of one is the literal of the other."""
    (query,) = tallied(
        Example("SELECT a FROM t WHERE b = $1 AND c = 5", ("of b",), 9.0),
        Example("SELECT a FROM t WHERE b = 5 AND c = $1", ("of c",), 1.0),
    )
    assert query.statement == "SELECT a FROM t WHERE b = $1 AND c = 5"
    assert [kept.values for kept in query.parameter_sets] == [("of b",)]


def test_an_execution_with_unknown_values_counts_but_gives_no_parameters() -> None:
    (query,) = tallied(Example(SQL, None, 5.0))
    assert (query.calls, query.parameter_sets) == (1, ())


def test_executions_count_in_the_measured_part_of_the_phase_that_they_began_in() -> None:
    phases = [
        a_phase("warm", 0, 10, is_warmup_only=True),
        a_phase("single", 10, 20, measured_at=START + 15),
        a_phase("concurrent", 20, 30),
    ]
    tally = Tally(phases)
    for second in (5, 12, 15, 19.9, 20, 29, 30):
        tally.add(Example(SQL, (), 1.0), START + second)
    (query,) = tally.queries()
    assert (dict(query.phases), query.calls) == ({"single": 2, "concurrent": 2}, 4)
    assert tally.calls_outside_phases == 3


def test_each_phase_has_the_time_of_its_own_executions() -> None:
    tally = Tally([a_phase("single", 0, 10), a_phase("concurrent", 10, 20)])
    for at, ms in ((1, 10.0), (2, 20.0), (12, 500.0)):
        tally.add(Example(SQL, ("1",), ms), START + at)
    (query,) = tally.queries()
    assert (query.phases, query.phase_ms) == ({"single": 2, "concurrent": 1}, {"single": 30.0, "concurrent": 500.0})


def test_of_too_many_shapes_those_that_took_most_time_are_kept_and_the_others_counted() -> None:
    tally = Tally()
    for number in range(2 * MAX_FINGERPRINTS + 3):
        tally.add(Example(f"SELECT a AS c{number}, b{number} FROM t", (), float(number)), START)
    queries = tally.queries()
    assert (len(queries), tally.calls_beyond_limit) == (MAX_FINGERPRINTS, MAX_FINGERPRINTS + 3)
    assert queries[0].max_ms == 2 * MAX_FINGERPRINTS + 2


def test_a_statement_of_two_databases_is_two_queries() -> None:
    tally = Tally()
    for database in ("erp", "crm", "erp"):
        tally.add(Example(SQL, (), 1.0), START, Context(database))
    assert [(query.database, query.calls) for query in tally.queries()] == [("erp", 2), ("crm", 1)]


def test_an_execution_that_is_logged_with_its_plan_too_counts_once() -> None:
    tally = Tally()
    for ms in (10.0, 30.0):
        tally.add(Example(SQL, ("1",), ms - 1), START, Context(plan=f"plan of {ms}"))
        tally.add(Example(SQL, ("1",), ms), START)
    (query,) = tally.queries()
    assert (query.calls, query.total_ms, query.plan) == (2, 40.0, "plan of 30.0")


def test_where_only_plans_are_logged_they_count() -> None:
    tally = Tally()
    tally.add(Example(SQL, ("1",), 10.0), START, Context(plan=""))
    (query,) = tally.queries()
    assert (query.calls, query.total_ms, query.plan) == (1, 10.0, None)


def test_tags_are_counted_by_their_values() -> None:
    (query,) = tallied(*(Example(f"{SQL} /* route='{route}' */", (), 1.0) for route in ("a", "b", "a")))
    assert query.tags == {"route": {"a": 2, "b": 1}}


def test_the_memory_of_many_long_statements_is_bounded() -> None:
    """Each of these shapes may keep 100 kB; together they may not."""
    tally = Tally(method=choose("own"))
    padding = "x" * 19_000
    for number in range(1_000):
        for value in ("1", "2"):
            tally.add(Example(f"SELECT c{number} FROM t WHERE b = $1 AND c = '{padding}'", (value,), 1.0), START)
    kept = sum(len(one.sql) for shape in tally._shapes.values() for one in (shape.slowest, *shape.sampled))
    assert kept < 30_000_000 < 1_000 * 2 * 19_000


def test_of_an_endless_statement_only_a_beginning_that_nobody_can_run_is_kept() -> None:
    (query,) = tallied(Example("SELECT '" + "x" * MAX_STATEMENT_CHARACTERS + "'", (), 1.0))
    assert len(query.statement) < MAX_STATEMENT_CHARACTERS + 200
    assert query.statement.rindex("/*") > query.statement.rfind("*/")
    assert query.parameter_sets == ()


def test_endless_values_are_not_kept() -> None:
    (query,) = tallied(Example(SQL, ("x" * MAX_STATEMENT_CHARACTERS,), 1.0))
    assert (query.statement, query.parameter_sets) == (SQL, ())


def test_the_server_s_own_query_id_is_kept_when_there_is_one() -> None:
    tally = Tally()
    tally.add(Example(SQL, (), 1.0), START)
    tally.add(Example(SQL, (), 1.0), START, Context(query_id="-6883025487542345243"))
    assert tally.queries()[0].query_id == "-6883025487542345243"
