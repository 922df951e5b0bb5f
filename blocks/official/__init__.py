"""The authors' own checkpoints, in our names.

A tensor is renamed by the whole of its name, and nothing is left over or made up: what a
network lacks and what a file has too much is an error that lists it.
"""

from blocks.official.importing import from_official as from_official
from blocks.official.reading import read_official as read_official
