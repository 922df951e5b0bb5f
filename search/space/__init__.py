"""The searched architectures: knobs in, validated network configs out."""

from search.space.classsr import ClassSRSpace as ClassSRSpace
from search.space.family import FamilySpace as FamilySpace
from search.space.search_space import Families as Families
from search.space.search_space import SearchSpace as SearchSpace
from search.space.seemore import SeemoReSpace as SeemoReSpace
from search.space.smsr import SmsrSpace as SmsrSpace
from search.space.splitsr import SplitSRSpace as SplitSRSpace
