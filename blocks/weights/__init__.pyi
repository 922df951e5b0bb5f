from .assembling import import_files as import_files
from .choosing import OfficialWeights as OfficialWeights
from .choosing import import_official as import_official
from .registry import from_official as from_official
