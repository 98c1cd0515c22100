"""What a run came to, for the CI system around it. One pure renderer a system; publishing.py writes."""
