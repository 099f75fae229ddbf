"""What can be set about NATS JetStream: a part of the settings, with their names and rules."""

from dataclasses import dataclass
from pathlib import Path

from tocsin.variables import setting


@dataclass(frozen=True, kw_only=True)
class NatsSettings:
    """Where the servers are, and how the streams are called (extra `nats`)."""

    nats_servers: tuple[str, ...] = setting(
        ("nats://127.0.0.1:4222",), "Servers of a NATS cluster; tls://host:port for TLS."
    )
    nats_credentials: Path | None = setting(
        None, "File of the credentials there (JWT and seed, as `nsc` makes it)."
    )
    nats_nkey: Path | None = setting(None, "File of an NKey's seed, instead.")
    nats_ca: Path | None = setting(
        None, "PEM file of the authorities that vouch for its servers; empty for the system's."
    )
    nats_certificate: Path | None = setting(None, "PEM file of our certificate towards them,")
    nats_key: Path | None = setting(None, "and of its private key.")
    nats_replicas: int = setting(
        3, "Servers that keep each message of a stream that is made; 1 for a server alone."
    )

    relay_stream: str = setting("TOCSIN_EVENTS", "Stream that events are relayed to.")
    relay_subject: str = setting(
        "tocsin.events", "What its subjects begin with: tocsin.events.incident.resolved."
    )
    relay_days: float = setting(30.0, "Days that it keeps an event, when it is made; 0 for ever.")
    relay_opened: bool = setting(
        False, "Relay names and texts as well. They cannot be forgotten there any more."
    )
    relay_window: int = setting(2_000, "Events sent that are not acknowledged yet, at most.")

    intake_stream: str = setting("TOCSIN_INTAKE", "Stream that alerts and commands queue in.")
    intake_subject: str = setting(
        "tocsin.intake", "What its subjects begin with: tocsin.intake.alert.KEY."
    )
    intake_partitions: int = setting(
        16, "Parts into which its keys fall, when it is made: no more hosts share the work."
    )
    intake_url: str = setting(
        "http://127.0.0.1:8080", "Service to which commands are sent that were taken in."
    )
    intake_ca: Path | None = setting(
        None, "PEM file of the authorities that vouch for it; empty for the system's."
    )
    intake_key_file: Path | None = setting(None, "File of the API key with which they are sent.")
    intake_key_env: str = setting(
        "", "Name of an environment variable that holds that key instead."
    )
    intake_batch: int = setting(1_000, "Messages of one part that are taken at a time.")
    intake_requests: int = setting(4, "Requests to the service at a time, with up to 500 commands.")
    intake_message_bytes: int = setting(65_536, "Largest message; larger ones are parked.")
    intake_tries: int = setting(
        5, "Tries of what is refused, and of a message at which intakes end, before it is parked."
    )
    intake_health: str = setting(
        "", "host:port where an intake answers /health/live, /health/ready and /metrics."
    )
    parked_stream: str = setting("TOCSIN_PARKED", "Stream of messages that could not be taken in.")
    parked_subject: str = setting("tocsin.parked", "What its subjects begin with.")
    parked_days: float = setting(30.0, "Days that it keeps one, when it is made; 0 for ever.")
