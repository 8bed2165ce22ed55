"""Pictures with captions: their sources, tagging, cropping and caches."""
