"""`paretosr report`: tables and figures of a run, rebuilt from its journal."""

from paretosr.cli.options import JsonOption, RunArgument


def report(run_dir: RunArgument, json: JsonOption = False) -> None:
    """Rebuild the tables and figures of a run.

    Reads its run.yaml and its journal, and prints the front. Works on a run that was
    interrupted or still goes on. Nothing is measured or trained.

    \b
    Example:
      paretosr report runs/quickstart
    """
    from paretosr import open_run
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.run_summary import write_run

    with TerminalListener(silent=json) as listener:
        run = open_run(run_dir).report(listener=listener)
    write_run(run, as_json=json)
