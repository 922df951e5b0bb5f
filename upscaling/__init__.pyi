from .export import ExportSettings as ExportSettings
from .exporters import exporter_of as exporter_of
from .folders import enlarge as enlarge
from .images import UpscalingOptions as UpscalingOptions
from .images import trained_network as trained_network
from .images import upscaler_for as upscaler_for
from .jobs import FolderOptions as FolderOptions
from .jobs import planned as planned
