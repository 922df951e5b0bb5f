from .classsr import ClassSRSpace as ClassSRSpace
from .family import FamilySpace as FamilySpace
from .search_space import Families as Families
from .search_space import SearchSpace as SearchSpace
from .seemore import SeemoReSpace as SeemoReSpace
from .smsr import SmsrSpace as SmsrSpace
from .splitsr import SplitSRSpace as SplitSRSpace
