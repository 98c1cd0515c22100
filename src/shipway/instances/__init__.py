"""The control plane's side of Amazon's agent protocol. See docs/design/instances.md."""
