"""How do alerts come in, and events go out, when they outgrow one machine? Through NATS JetStream.

`relay` publishes the log, each event once and in order. `intake` turns what queues there into
commands to a service, each once. `parked` is where messages wait that nobody could take in.
"""
