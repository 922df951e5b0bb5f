"""Which super-resolution network should I run on this device? `import paretosr as psr`.

Every public name is listed in `__init__.pyi` and is imported when it is first used, so that
importing the package takes no time and loads no torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
