"""`paretosr targets`: where a network can be measured on this machine."""

from paretosr.cli.options import JsonOption


def targets(json: JsonOption = False) -> None:
    """List what a network can be measured on.

    For what is missing here, the remedy is listed too.

    \b
    A target is RUNTIME[:key=value,...] with the keys
      device      cpu [default] or cuda; eager_cudagraph, compile_cudagraph: cuda
      threads     threads the runtime may use [default: 1]
      precision   float32 [default]; bfloat16 but for onnxruntime, xnnpack; int8 for these and
                  openvino: a quantised program, see paretosr compress --method int8
      layout      channels_last [default] or nchw; onnxruntime, openvino, xnnpack: nchw
      batch       images per forward pass [default: 1]
      lr          low-resolution input, HEIGHTxWIDTH [default: 180x320]

    Before it, ssh://[USER@]HOST[:PORT]/ names another machine to measure on, with runtime
    onnxruntime or openvino. It needs an SSH server and, as python3, Python 3.11 or later with
    NumPy and that runtime; all else, networks included, is sent there into
    ~/.cache/paretosr. ssh takes keys and host names from ~/.ssh/config and must not have to ask
    for a password. After an interruption the same command goes on with the files that have
    arrived.

    \b
    Examples:
      paretosr targets
      paretosr profile seemore-t --scale 2 --target eager:threads=1,lr=90x160
      paretosr profile seemore-t --scale 2 --target openvino:precision=bfloat16
      paretosr profile runs/x2/model.safetensors --target openvino:precision=int8
      paretosr profile seemore-t --scale 2 --target ssh://me@board:2222/onnxruntime:threads=4
    """
    import paretosr
    from paretosr.cli.output import write_json, write_result

    found = paretosr.targets()
    if json:
        write_json(found.to_dict()["targets"])
    else:
        write_result(found, as_json=False)
