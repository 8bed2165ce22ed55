"""The painter: draws labelled anime portraits as vector graphics, the data that the project owns."""
