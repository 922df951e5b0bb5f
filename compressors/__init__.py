"""Making a trained network smaller: int8 programs, and designs that inherit its weights."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
