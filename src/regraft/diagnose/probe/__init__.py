"""One measurement a file: numbers from what a replay recorded, no verdicts."""
