"""The teaching scripts run, and the number each prints is within its bound."""

import importlib

import pytest

SCRIPTS = ["kernels_drawn", "grid_equivariance", "point_convolution", "model", "your_own_group"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(name, tmp_path, capsys):
    script = importlib.import_module(f"intertwine.examples.{name}")
    number = script.main(fast=True, folder=tmp_path)
    assert number < script.BOUND
    pictures = list(tmp_path.glob("*.png"))
    assert pictures
    assert all(picture.stat().st_size > 10_000 for picture in pictures), "an empty picture"
    assert str(pictures[0]) in capsys.readouterr().out
    assert len(script.__doc__) > 500
