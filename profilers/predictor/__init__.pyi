from .measurements import CalibrationFile as CalibrationFile
from .measurements import CalibrationHeader as CalibrationHeader
from .measurements import Measurement as Measurement
from .predictor import COVERAGE as COVERAGE
from .predictor import CannotPredict as CannotPredict
from .predictor import LatencyPredictor as LatencyPredictor
from .predictor import Prediction as Prediction
from .work import work_of as work_of
