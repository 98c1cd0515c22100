"""The documents of `-o json`, as types: what the published JSON Schemas are made from and tests hold true."""
