"""Images, degradation, metrics, recipes and the training loop."""

from training.loop import TrainingResult as TrainingResult
from training.loop import train as train
from training.patches import PatchSampler as PatchSampler
from training.precision import choose_precision as choose_precision
from training.recipe import Recipe as Recipe
from training.recipe import learning_rate_at as learning_rate_at
from training.recipes import RECIPES as RECIPES
from training.recipes import get_recipe as get_recipe
from training.step import Precision as Precision
from training.step import TrainingDiverged as TrainingDiverged
