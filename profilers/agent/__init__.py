"""What runs on the device under test: timing, serving, checking, the ONNX runtimes.

The whole package is shipped to machines without this project, so it imports nothing but the
standard library, NumPy, itself and, in one file each, the ONNX runtimes.
"""
