"""The data channel of Systems Manager's sessions, as both its ends speak it: frames and their order. Pure."""
