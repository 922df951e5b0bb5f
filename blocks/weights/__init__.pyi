from .importing import from_official as from_official
from .reading import read_official as read_official
