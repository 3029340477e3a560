"""What the tests beside other libraries share."""

import warnings

import pytest


@pytest.fixture(autouse=True)
def mended_escnn(monkeypatch):
    """Two defects of escnn 1.0.11.

    It compares the frequencies of its cached groups with None for finite and three-dimensional groups, and where it
    finds scikit-learn, which EMLP needs, hands it matrices of a kind that scikit-learn has refused since 1.2.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from escnn.group import O2, O3, SO2, SO3, _numerical
        except ImportError:
            return
    monkeypatch.setattr(_numerical, "randomized_svd", None)
    for kind in (SO2, O2, SO3, O3):
        made = kind._generator.__func__
        given = classmethod(lambda cls, maximum_frequency=None, made=made: made(cls, maximum_frequency or 6))
        monkeypatch.setattr(kind, "_generator", given)
