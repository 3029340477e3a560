"""Networks made of the layers: each in a page, to be copied and changed.

>>> from intertwine.groups import O
>>> from intertwine.reps import Scalar, V
>>> MessagePassing(4 * Scalar, V, group=O(3), hidden=32, layers=2, cutoff=2.0)
MessagePassing(4 * Scalar -> V | O(3), 2 layers | ... weights)
"""

from ._message_passing import MessagePassing, PointBlock
from ._point_resnet import PointResNet
from ._resnet import GridBlock, SteerableResNet
from ._unet import SteerableUNet

__all__ = ["GridBlock", "MessagePassing", "PointBlock", "PointResNet", "SteerableResNet", "SteerableUNet"]
