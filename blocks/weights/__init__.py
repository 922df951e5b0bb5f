"""The authors' own checkpoints, in our names.

A tensor is renamed by the whole of its name, and nothing is left over or made up: what a
network lacks and what a file has too much is an error that lists it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
