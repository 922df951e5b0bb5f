from .inheriting import Inherited as Inherited
from .inheriting import inherit as inherit
from .smaller import check_smaller as check_smaller
from .smaller import parameters_of as parameters_of
from .smaller import smaller as smaller
