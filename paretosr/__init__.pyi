from .models import Catalogue as Catalogue
from .models import CatalogueRow as CatalogueRow
from .models import Model as Model
from .models import catalogue as catalogue
from .models import load as load
