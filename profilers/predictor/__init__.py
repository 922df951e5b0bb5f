"""Latency predicted from a calibration: networks measured once, and what their work costs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
