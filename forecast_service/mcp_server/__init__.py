"""The answers of the API as tools of assistants (MCP): short texts, and parts of the API's documents."""
