"""How requests and answers look on the wire: AWS JSON and AWS query/XML."""
