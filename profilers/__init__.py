"""What a network costs: MACs, parameters, memory, latency."""

from profilers.analytic import AnalyticCost as AnalyticCost
from profilers.analytic import analytic_cost as analytic_cost
from profilers.child import ProfilingFailed as ProfilingFailed
from profilers.crosscheck import CrossCheck as CrossCheck
from profilers.crosscheck import cross_check as cross_check
from profilers.device import describe_device as describe_device
from profilers.latency import Calibration as Calibration
from profilers.latency import Latency as Latency
from profilers.latency import LatencyMeter as LatencyMeter
from profilers.latency import measure_callable as measure_callable
from profilers.macs import MacsReport as MacsReport
from profilers.macs import ModuleRow as ModuleRow
from profilers.macs import OperatorRow as OperatorRow
from profilers.macs import count_macs as count_macs
from profilers.memory import measure_peak_memory_mib as measure_peak_memory_mib
from profilers.reference import REFERENCE_NAME as REFERENCE_NAME
from profilers.reference import ReferenceNetwork as ReferenceNetwork
from profilers.targets import Target as Target
from profilers.targets import TargetStatus as TargetStatus
from profilers.targets import list_targets as list_targets
from profilers.timing import RatioEstimate as RatioEstimate
from profilers.timing import compare as compare
