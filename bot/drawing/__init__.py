"""The one coroutine that draws, the engine behind its thread, and how far each picture is."""
