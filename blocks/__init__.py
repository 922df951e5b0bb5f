"""What a network is: configurations, modules, the catalogue, checkpoints."""

from blocks.catalogue import CATALOGUE as CATALOGUE
from blocks.catalogue import CatalogueEntry as CatalogueEntry
from blocks.catalogue import catalogue_config as catalogue_config
from blocks.checkpoints import Checkpoint as Checkpoint
from blocks.checkpoints import load_checkpoint as load_checkpoint
from blocks.checkpoints import load_network as load_network
from blocks.checkpoints import save_checkpoint as save_checkpoint
from blocks.config import FrozenConfig as FrozenConfig
from blocks.config import NetworkConfigBase as NetworkConfigBase
from blocks.config import Scale as Scale
from blocks.config import nearest as nearest
from blocks.config import parse_config as parse_config
from blocks.layers import ImageSkip as ImageSkip
from blocks.networks import FAMILIES as FAMILIES
from blocks.networks import Family as Family
from blocks.networks import NetworkConfig as NetworkConfig
from blocks.networks import SuperResolutionNetwork as SuperResolutionNetwork
from blocks.networks import build_network as build_network
from blocks.networks import parse_network_config as parse_network_config
from blocks.seemore import SeemoRe as SeemoRe
from blocks.seemore import SeemoReConfig as SeemoReConfig
from blocks.seemore import ranks_of as ranks_of
from blocks.splitsr import SplitSR as SplitSR
from blocks.splitsr import SplitSRConfig as SplitSRConfig
from blocks.splitsr import active_channels_of as active_channels_of
