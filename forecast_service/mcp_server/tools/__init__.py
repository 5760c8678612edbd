"""The tools, one module for each subject: what a tool takes, asks and says."""
