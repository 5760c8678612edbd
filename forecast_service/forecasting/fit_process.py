"""The process that fits: :mod:`models.simulation.fit_process` for the workers of this replica.

Questions and answers are pickled; both sides are processes of the same replica, and their socket is in its folder.
"""

from __future__ import annotations

import os
import pickle

from forecast_service.observability import log_lines
from forecast_service.shared_process.answering import answer_questions

NICENESS = 5
"""The niceness of the process, so that fits yield to requests."""
IDLE_S = 120
"""The process ends, and so frees its memory, after this many seconds without a question."""


def main() -> None:
    """Run the process."""
    from models.runtime import prepare

    prepare()  # before numpy is imported
    from models.simulation.fit_process import reply

    os.nice(NICENESS)
    answer_questions(lambda question: pickle.dumps(reply(*pickle.loads(question))), IDLE_S)  # noqa: S301  our workers'


if __name__ == "__main__":
    log_lines.set_up("fit-process")
    main()
