from .atomic import atomic_folder as atomic_folder
from .atomic import atomic_path as atomic_path
from .atomic import write_text_atomically as write_text_atomically
from .interrupts import raise_interrupt as raise_interrupt
from .interrupts import was_interrupted as was_interrupted
