"""The painter: draws labelled anime portraits as vector graphics, data that the project owns."""
