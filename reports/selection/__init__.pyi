from .bounds import Bound as Bound
from .bounds import described as described
from .bounds import parse_bounds as parse_bounds
from .knee import knee_distances as knee_distances
from .selecting import KNEE as KNEE
from .selecting import Selection as Selection
from .selecting import select as select
