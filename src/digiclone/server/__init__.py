"""HTTP and WebSocket: the only place that knows of asyncio."""
