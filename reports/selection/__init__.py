"""One network out of a run: by its number, by bounds, or at the knee of its front."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
