"""The coroutine that draws, the engine behind its thread, and the progress of each picture."""
