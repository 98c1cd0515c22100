"""Moving in: one file a source, from what it says to Shipway's files and the list of what they cannot say."""
