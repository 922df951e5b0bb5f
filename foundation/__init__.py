"""What an end at any moment leaves: files whole or absent, and an interrupt known as one."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
