"""What runs on the device under test: timing, serving, checking, the ONNX runtimes.

It is shipped as a whole to machines that lack this project, so it imports the standard library,
NumPy and itself, and each ONNX runtime in its one file.
"""
