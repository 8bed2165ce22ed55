"""The independent judge: what a picture shows, by a classifier that saw painter pictures only."""
