"""Exact numbers and matrices in text: what `sympy` prints for an algebraic number, read and never evaluated."""

from __future__ import annotations

import ast
from typing import Any

import sympy

MAX_EXPONENT = 64  # numerator and denominator; nothing that takes long to expand


def read(text: str) -> Any:
    """Nested lists of sympy numbers from text.

    Raises
    ------
    ValueError
        For anything but lists, numbers, + - * / **, sqrt(...) and I.

    Examples
    --------
    >>> read("[[1, -1/2], [sqrt(3)/2, 2*I]]")
    [[1, -1/2], [sqrt(3)/2, 2*I]]
    >>> read("__import__('os')")
    Traceback (most recent call last):
    ...
    ValueError: cannot read "__import__('os')": expected lists of numbers made of digits, + - * / **, sqrt(...) and I
    """
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, _NotANumber, RecursionError, MemoryError):
        raise ValueError(
            f"cannot read {text!r}: expected lists of numbers made of digits, + - * / **, sqrt(...) and I"
        ) from None
    except ZeroDivisionError:
        raise ValueError(f"cannot read {text!r}: it divides by zero") from None


class _NotANumber(Exception):
    pass


def _value(node: ast.expr) -> Any:
    match node:
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Constant(value=int() | float() as x) if not isinstance(x, bool):
            return sympy.Integer(x) if isinstance(x, int) else sympy.Float(x)
        case ast.Name(id="I"):
            return sympy.I
        case ast.UnaryOp(op=ast.USub(), operand=x):
            return -_number(x)
        case ast.Call(func=ast.Name(id="sqrt"), args=[x], keywords=[]):
            return sympy.sqrt(_number(x))
        case ast.BinOp(left=a, op=op, right=b):
            return _combined(_number(a), op, _number(b))
    raise _NotANumber


def _number(node: ast.expr) -> Any:
    value = _value(node)
    if isinstance(value, list):
        raise _NotANumber
    return value


def _combined(a: Any, op: ast.operator, b: Any) -> Any:
    match op:
        case ast.Add():
            return a + b
        case ast.Sub():
            return a - b
        case ast.Mult():
            return a * b
        case ast.Div():
            if b == 0:
                raise ZeroDivisionError
            return a / b
        case ast.Pow() if b.is_Rational and max(abs(b.p), b.q) <= MAX_EXPONENT:
            return a**b
    raise _NotANumber
