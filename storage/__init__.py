"""Files and folders that are either whole or absent."""

from storage.atomic import atomic_folder as atomic_folder
from storage.atomic import atomic_path as atomic_path
from storage.atomic import write_text_atomically as write_text_atomically
