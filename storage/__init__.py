"""What an end at any moment leaves: files whole or absent, and an interrupt known as one."""

from storage.atomic import atomic_folder as atomic_folder
from storage.atomic import atomic_path as atomic_path
from storage.atomic import write_text_atomically as write_text_atomically
from storage.interrupts import raise_interrupt as raise_interrupt
from storage.interrupts import was_interrupted as was_interrupted
