"""The command line, one file a group of commands; commands call services and the statistics, and compute nothing."""
