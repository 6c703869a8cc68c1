"""Intervals over persons and seeds: against slow references, and how often they hold the truth in simulated studies."""

import numpy as np
import pytest
from scipy import stats

from purereid.report.intervals import components, estimate, holm

STUDIES = 1000
SEED, RECIPE, DRAWN, QUERY = 1.5, 4.0, 6.3, 9.4  # points; the demo's people with three seeds have about these


def sizes_of(count: int) -> np.ndarray:
    """Two to four queries of each person."""
    return np.random.default_rng(count).integers(2, 5, count)


def experiment(rng, seeds: int, persons: np.ndarray, recipe: float) -> tuple[np.ndarray, np.ndarray]:
    """Scores [studies, seeds, queries] of one experiment about its mean 0, and what the seeds do to them.

    Skewed effects of the recipe on each person, of each seed on all and on each person, and noise of each query.
    """
    count = persons[-1] + 1
    shape = (STUDIES, seeds, count)
    of_seeds = SEED * rng.standard_normal((STUDIES, seeds, 1))
    of_persons = recipe * (rng.exponential(size=(STUDIES, 1, count)) - 1) + DRAWN * (rng.exponential(size=shape) - 1)
    noise = QUERY * rng.standard_normal((STUDIES, seeds, len(persons)))
    return of_seeds + of_persons[:, :, persons] + noise, of_seeds


def covered(differences: np.ndarray, truth: np.ndarray, persons: np.ndarray) -> float:
    """Share of the studies whose 95 % interval holds the truth."""
    bounds = np.array([estimate(each, persons).interval() for each in differences])
    return float(((bounds[:, 0] <= truth) & (truth <= bounds[:, 1])).mean())


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("count", [50, 266])
@pytest.mark.parametrize("recipe", [0, RECIPE], ids=["one recipe twice", "two recipes"])
def test_the_true_difference_is_in_95_percent_of_the_intervals(seeds, count, recipe):
    """One recipe twice is A/A: two seeds against two others must be called different in about 5 % of all cases."""
    rng, persons = np.random.default_rng([seeds, count]), np.repeat(np.arange(count), sizes_of(count))
    one, other = (experiment(rng, seeds, persons, recipe)[0] for _ in range(2))
    assert 0.93 <= covered(one - other, np.zeros(STUDIES), persons) <= 0.97


@pytest.mark.parametrize("count", [50, 266])
def test_intervals_of_one_seed_hold_the_difference_of_these_networks_for_other_persons(count):
    rng, persons = np.random.default_rng(count), np.repeat(np.arange(count), sizes_of(count))
    (one, first), (other, second) = (experiment(rng, 1, persons, RECIPE) for _ in range(2))
    assert 0.93 <= covered(one - other, (first - second)[:, 0, 0], persons) <= 0.97
    assert covered(one - other, np.zeros(STUDIES), persons) < 0.9  # of the recipes they say less


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_intervals_are_wide_enough_where_persons_differ_more_than_seeds(seeds):
    """As the mAP of one experiment: cautious with two seeds, as these do not tell how little they differ."""
    rng, persons = np.random.default_rng(seeds), np.repeat(np.arange(80), sizes_of(80))
    scores, _ = experiment(rng, seeds, persons, 20.0)
    assert 0.94 <= covered(scores, np.zeros(STUDIES), persons) <= 0.995


def test_tables_without_differences_call_one_in_at_most_5_percent():
    """Five experiments of one recipe against the same reference, three seeds each."""
    rng, persons = np.random.default_rng(0), np.repeat(np.arange(50), sizes_of(50))
    reference, *others = (experiment(rng, 3, persons, 0)[0][:400] for _ in range(6))
    p_values = np.array(
        [
            [estimate(row - base, persons).p_value() for row, base in zip(other, reference, strict=True)]
            for other in others
        ]
    )
    wrong, uncorrected = (
        np.mean(found)
        for found in ([holm(column).min() <= 0.05 for column in p_values.T], p_values.min(axis=0) <= 0.05)
    )
    assert wrong <= 0.06 and uncorrected > 0.1


def test_variances_equal_those_of_a_slow_two_way_analysis():
    """As many queries of each person: the textbook's mean squares of a crossed design without repetition."""
    rng, S, P, each = np.random.default_rng(1), 3, 7, 2
    values = rng.normal(50, 10, (S, 1)) + 20 * np.repeat(rng.random(P), each) + rng.normal(0, 3, (S, P * each))
    cells = [[(values[s, 2 * p] + values[s, 2 * p + 1]) / 2 for p in range(P)] for s in range(S)]
    mean = sum(map(sum, cells)) / (S * P)
    rows = [sum(row) / P for row in cells]
    columns = [sum(row[p] for row in cells) / S for p in range(P)]
    of_seeds = P * sum((row - mean) ** 2 for row in rows) / (S - 1)
    of_persons = S * sum((column - mean) ** 2 for column in columns) / (P - 1)
    rest = sum((cells[s][p] - rows[s] - columns[p] + mean) ** 2 for s in range(S) for p in range(P)) / (
        (S - 1) * (P - 1)
    )
    found = estimate(values, np.repeat(np.arange(P), each) * 10)
    assert found.mean == pytest.approx(mean)
    assert found.seeds_variance == pytest.approx(of_seeds / (S * P))
    assert found.persons_variance == pytest.approx((of_persons - rest) / (S * P))
    half = np.sqrt(
        stats.t(S - 1).ppf(0.975) ** 2 * of_seeds / (S * P)
        + stats.t(P - 1).ppf(0.975) ** 2 * (of_persons - rest) / (S * P)
    )
    assert found.interval() == pytest.approx((mean - half, mean + half))


def test_persons_with_more_queries_count_more():
    """One seed: the variance of a ratio of sums, person by person; the order of the queries does not matter."""
    rng, persons = np.random.default_rng(2), np.array([4, 4, 4, 4, 9, 9, 2, 7, 7, 7])
    values = rng.random((1, 10))
    squares = 0.0
    for person in (4, 9, 2, 7):
        squares += sum(values[0, q] - values.mean() for q in range(10) if persons[q] == person) ** 2
    found = estimate(values, persons)
    assert (found.persons, found.seeds, found.seeds_variance) == (4, 1, 0)
    assert found.persons_variance == pytest.approx(squares / 10**2 * 4 / 3)
    order = rng.permutation(10)
    assert estimate(values[:, order], persons[order]) == pytest.approx(found)


def test_components_equal_those_of_a_slow_two_way_analysis():
    """The textbook's expected mean squares of a crossed design of two random effects, one value in each cell."""
    rng, S, P, each = np.random.default_rng(3), 4, 9, 3
    values = rng.normal(50, 3, (S, 1)) + 8 * np.repeat(rng.random(P), each) + rng.normal(0, 5, (S, P * each))
    cells = [[sum(values[s, each * p : each * (p + 1)]) / each for p in range(P)] for s in range(S)]
    mean = sum(map(sum, cells)) / (S * P)
    rows, columns = [sum(row) / P for row in cells], [sum(row[p] for row in cells) / S for p in range(P)]
    squares = sum((cells[s][p] - mean) ** 2 for s in range(S) for p in range(P))
    of_seeds, of_persons = (
        width * sum((one - mean) ** 2 for one in means) for width, means in ((P, rows), (S, columns))
    )
    rest = (squares - of_seeds - of_persons) / ((S - 1) * (P - 1))
    found = components(values, np.repeat(np.arange(P), each))
    assert found.rest == pytest.approx(rest)
    assert found.seeds == pytest.approx((of_seeds / (S - 1) - rest) / P)
    assert found.persons == pytest.approx((of_persons / (P - 1) - rest) / S)


@pytest.mark.parametrize("sizes", [np.full(60, 3), sizes_of(60)], ids=["as many queries", "two to four queries"])
def test_components_of_simulated_studies_are_those_that_were_put_in(sizes):
    """On average over the studies; a person's weight is its number of queries over the mean number."""
    rng, persons, S, studies = np.random.default_rng(4), np.repeat(np.arange(60), sizes), 4, 600
    of_persons, of_seeds, both, query = 6.0, 1.5, 3.0, 4.0
    weights = (sizes**2).mean() / sizes.mean() ** 2
    found = []
    for _ in range(studies):
        person, cell = of_persons * rng.standard_normal(60), both * rng.standard_normal((S, 60))
        noise = query * rng.standard_normal((S, len(persons)))
        scores = person[persons] + of_seeds * rng.standard_normal((S, 1)) + cell[:, persons] + noise
        found.append(components(scores, persons))
    expected = weights * of_persons**2, of_seeds**2, weights * both**2 + query**2 / sizes.mean()
    assert np.mean(found, axis=0) == pytest.approx(expected, rel=0.06)
    none = [components(rng.standard_normal((3, len(persons))), persons).seeds for _ in range(100)]
    assert min(none) < 0 < max(none)  # without an effect of the seeds about half of the estimates are negative


def test_components_make_up_the_variance_of_the_mean():
    rng, persons = np.random.default_rng(5), np.repeat(np.arange(20), sizes_of(20))
    values = rng.normal(0, 1, (3, len(persons))) + rng.normal(0, 5, 20)[persons] + rng.normal(0, 2, (3, 1))
    found, mean = components(values, persons), estimate(values, persons)
    parts = found.persons / 20 + found.seeds / 3 + found.rest / 60
    assert parts == pytest.approx(mean.persons_variance + mean.seeds_variance)
    assert all(np.isnan(components(values, np.zeros(len(persons), int))))


@pytest.mark.parametrize("seeds", [1, 2, 4])
def test_p_values_are_where_the_interval_ends_at_0(seeds):
    rng = np.random.default_rng(seeds)
    found = estimate(rng.normal(1, 2, (seeds, 40)), np.arange(40) // 2)
    low, high = found.interval(1 - found.p_value())
    assert min(abs(low), abs(high)) == pytest.approx(0, abs=1e-6) and 0 < found.p_value() < 1


def test_nothing_varies_or_nobody_else_is_there():
    persons = np.arange(6) // 2
    same, apart = estimate(np.zeros((2, 6)), persons), estimate(np.full((2, 6), 20.0), persons)
    assert same.interval() == (0, 0) and same.p_value() == 1
    assert apart.interval() == (20, 20) and apart.p_value() < 1e-9
    alone = estimate(np.full((2, 6), 20.0), np.zeros(6, int))
    assert alone.interval() == (-np.inf, np.inf) and alone.p_value() == 1


def test_holm_equals_the_slow_procedure():
    p_values = [0.01, 0.9, 0.02, 0.013, 0.04, 0.01]
    order = sorted(range(6), key=lambda i: p_values[i])
    expected, largest = [0.0] * 6, 0.0
    for rank, i in enumerate(order):
        largest = max(largest, p_values[i] * (6 - rank))
        expected[i] = min(largest, 1)
    np.testing.assert_allclose(holm(p_values), expected)
    assert holm([]).shape == (0,)
