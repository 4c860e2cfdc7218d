"""A heat map's cells stand where their names say and are as strong as their values."""

import pytest

from rehearsal.report.heatmap import HeatMap, heat_map


@pytest.fixture
def chart() -> HeatMap:
    return heat_map({("a", "0"): 10, ("b", "1"): 5, ("b", "0"): 0, ("x", "0"): 99}, rows=["a", "b"], columns=["0", "1"])


def test_cells_are_in_the_order_of_their_names_and_empty_ones_are_left_out(chart: HeatMap) -> None:
    assert [(cell.row, cell.column) for cell in chart.cells] == [("a", "0"), ("b", "1")]
    first, second = chart.cells
    assert (second.x - first.x, second.y - first.y) == pytest.approx((chart.cell_width, chart.cell_height))


def test_strength_is_the_share_of_the_largest_value() -> None:
    chart = heat_map({("a", "0"): 10, ("a", "1"): 5}, rows=["a"], columns=["0", "1"])
    assert [cell.strength for cell in chart.cells] == [1.0, 0.5]


def test_cells_fill_the_width_beside_the_longest_name(chart: HeatMap) -> None:
    assert chart.cells[1].x + chart.cell_width == pytest.approx(chart.width)
    assert all(label.x < chart.cells[0].x for label in chart.rows)


def test_nothing_to_show_is_drawn_as_nothing() -> None:
    chart = heat_map({}, rows=[], columns=[])
    assert (chart.cells, chart.rows, chart.columns) == ((), (), ())
