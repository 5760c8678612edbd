"""What things cost, measured side by side. Nothing in the tests depends on speed."""

from models.runtime import prepare

prepare()  # as every process that serves or fits, before numpy is imported
