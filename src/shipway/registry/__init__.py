"""The image registry: CNCF Distribution under supervision, and its bridge to the ECR API."""
