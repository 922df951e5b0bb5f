"""Latency predicted from a calibration: networks measured once, and what their work costs."""

from profilers.predictor.measurements import CalibrationFile as CalibrationFile
from profilers.predictor.measurements import CalibrationHeader as CalibrationHeader
from profilers.predictor.measurements import Measurement as Measurement
from profilers.predictor.predictor import COVERAGE as COVERAGE
from profilers.predictor.predictor import CannotPredict as CannotPredict
from profilers.predictor.predictor import LatencyPredictor as LatencyPredictor
from profilers.predictor.predictor import Prediction as Prediction
from profilers.predictor.work import work_of as work_of
