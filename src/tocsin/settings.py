"""Every setting and every limit of Tocsin, in one place: read once, from TOCSIN_* variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import get_type_hints

from platformdirs import user_data_path

from tocsin.nats_settings import NatsSettings
from tocsin.variables import BadSetting, check_address, read, written
from tocsin.variables import setting as _setting
from tocsin.watch_settings import WatchSettings


@dataclass(frozen=True, kw_only=True)
class Settings(NatsSettings, WatchSettings):
    """What can be set. A variable is the field's name in capitals behind `TOCSIN_`."""

    home: Path = field(
        default_factory=lambda: user_data_path("tocsin"),
        metadata={"doc": "Folder of everything that the embedded default stores (mode 0700)."},
    )
    database: str = _setting(
        "", "postgresql://user@host/name for PostgreSQL; empty for SQLite in the home folder."
    )
    host: str = _setting("127.0.0.1", "Address to listen on.")
    port: int = _setting(8080, "Port to listen on.")
    workers: int = _setting(1, "Processes that answer there; several take PostgreSQL.")
    allowed_hosts: tuple[str, ...] = _setting(
        ("127.0.0.1", "localhost", "[::1]"), "Host headers that are answered (DNS rebinding)."
    )
    behind_proxy: bool = _setting(False, "A proxy in front ends TLS; needed for a public address.")
    tls_certificate: Path | None = _setting(None, "PEM file of the certificate chain.")
    tls_key: Path | None = _setting(None, "PEM file of the certificate's private key.")
    docs: bool = _setting(True, "Serve /openapi.json, the description of every route.")

    body_bytes: int = _setting(1_048_576, "Largest request body.")
    command_bytes: int = _setting(65_536, "Largest body of a single command.")
    json_depth: int = _setting(32, "Deepest nesting of a JSON body.")
    page_rows: int = _setting(200, "Largest page of a list.")
    feed_events: int = _setting(1_000, "Largest page of the event feed.")
    batch_commands: int = _setting(500, "Most commands in one POST /commands.")
    header_seconds: float = _setting(10.0, "Time in which a request's headers must have arrived.")
    body_seconds: float = _setting(10.0, "Time in which a request's body must have arrived.")
    keep_alive_seconds: int = _setting(30, "Time that an idle connection is kept open.")
    connections: int = _setting(2_000, "Most connections at a time; more are answered 503.")
    wait_seconds: float = _setting(30.0, "Longest wait of a long poll of the feed.")
    at_least_seconds: float = _setting(5.0, "Longest wait for a read model to reach a position.")
    streams: int = _setting(200, "Most server-sent event streams at a time.")
    heartbeat_seconds: float = _setting(15.0, "A silent event stream says so this often.")
    slow_reader_seconds: float = _setting(10.0, "Whoever takes nothing for so long is let go.")
    header_bytes: int = _setting(32_768, "Largest request line and headers together.")
    key_requests: int = _setting(
        10_000, "Requests per second of one key to one process; more get 429. A batch is one."
    )
    keys_seconds: float = _setting(1.0, "How often the service looks for changed keys.")
    drain_seconds: float = _setting(10.0, "Time that requests get to finish when it stops.")

    queue_commands: int = _setting(5_000, "Most commands waiting for the writer; more get 503.")
    commit_commands: int = _setting(256, "Most commands in one transaction.")
    hot_incidents: int = _setting(10_000, "Incidents whose state is kept in memory.")
    history_events: int = _setting(10_000, "Most events of one incident, and of the policy.")
    clock_skew_seconds: float = _setting(
        5.0, "How far a caller's clock may run ahead before a time counts as in the future."
    )

    timekeeper: bool = _setting(
        True, "Do here what falls due by itself, unless another server does: clocks, escalations."
    )
    live_events: int = _setting(500, "Events that a projection folds in one transaction.")
    rebuild_events: int = _setting(5_000, "The same, while it is rebuilt.")
    poll_seconds: float = _setting(0.05, "How often a follower looks for new events.")
    lag_seconds: float = _setting(60.0, "Lag of a read model above which readiness fails.")

    access: bool = _setting(
        True, "Keep the access journal: who read what about people, and who took it away."
    )
    access_days: int = _setting(
        0, "Days after which entries of the access journal expire; 0 for never."
    )
    access_seconds: float = _setting(
        1.0, "How often reads are written to the access journal; a crash loses at most so much."
    )
    access_entries: int = _setting(
        1_000, "Entries that wait in memory while the access journal cannot be written."
    )
    access_strict: bool = _setting(
        False, "Refuse reads while the access journal cannot be written, instead of counting them."
    )

    purpose: str = _setting(
        "", "What the command line reads data for: it stands in the access journal."
    )

    evidence_folder: Path | None = _setting(
        None, "Folder of the content of evidence; empty for `evidence` in the home folder."
    )
    evidence_url: str = _setting(
        "", "Where it lies instead, as fsspec names it: s3://bucket/evidence (extra `evidence-s3`)."
    )
    evidence_bytes: int = _setting(26_214_400, "Largest content of a piece of evidence.")
    evidence_types: tuple[str, ...] = _setting(
        (), "Media types that are kept as evidence; empty for the usual ones: pictures, texts, ..."
    )
    evidence_seconds: float = _setting(300.0, "Time in which the content must have arrived.")
    evidence_uploads: int = _setting(20, "Most contents that arrive at a time; more get 503.")
    evidence_orphan_hours: float = _setting(
        24.0, "After so long, stored content that nobody refers to may be removed."
    )

    ledger: bool = _setting(True, "Keep the hash tree over the log, and sign checkpoints of it.")
    origin: str = _setting(
        "", "Name of the log in its checkpoints, like example.com/log; made with the key if empty."
    )
    ledger_key: Path | None = _setting(
        None, "File of the keys that sign checkpoints; empty for `ledger.key` in the home folder."
    )
    ledger_key_env: str = _setting(
        "", "Name of an environment variable that holds those keys instead, a line each."
    )
    ledger_signer: str = _setting(
        "", "package.module:function that gives those keys instead: a key management service."
    )
    checkpoint_events: int = _setting(1_000, "A checkpoint is signed after so many new events,")
    checkpoint_seconds: float = _setting(60.0, "or when new events have waited so long for one.")
    checkpoint_file: Path | None = _setting(
        None, "File on another machine's mount to which every checkpoint is appended."
    )
    witnesses: tuple[str, ...] = _setting(
        (), "Witnesses of checkpoints (C2SP), each its address, a space, and its public key."
    )
    timestamp_authority: str = _setting(
        "", "Address of an RFC 3161 authority that timestamps checkpoints (extra `timestamps`)."
    )
    timestamp_certificates: Path | None = _setting(
        None, "PEM file of the root certificates that its timestamps must lead to."
    )
    timestamp_seconds: float = _setting(3_600.0, "How often it is asked, if there is news.")
    checkpoint_late_seconds: float = _setting(
        3_600.0, "A place outside that lacks checkpoints for longer is warned of."
    )

    vault: bool = _setting(
        True, "Seal new personal data in events; what was sealed is opened in any case."
    )
    vault_database: str = _setting(
        "", "postgresql:// address of the vault; empty for the log's own, or a file in the home."
    )
    vault_key_file: Path | None = _setting(
        None, "File of the vault's master key; empty for `vault.key` in the home folder."
    )
    vault_key_env: str = _setting(
        "", "Name of an environment variable that holds the master key instead, in base64."
    )
    vault_kms: str = _setting(
        "", "package.module:Class that wraps and unwraps instead: a key management service."
    )
    vault_keys: int = _setting(16_384, "Keys that a process keeps in memory, 2.5 kB each.")

    lake: bool = _setting(
        True, "Write the lake beside the service: the log as columns. It takes the extra `trends`."
    )
    lake_folder: Path | None = _setting(
        None, "Folder of the lake; empty for `lake` in the home folder."
    )
    lake_seconds: float = _setting(
        2.0, "How often the lake takes in what is new, while there is something new."
    )

    engine: str = _setting(
        "duckdb",
        "What works out trends: duckdb, local[2], spark://host:port, sail, sc://host:port, chdb or"
        " clickhouse://user:password@host:port/database.",
    )
    lake_seen_as: str = _setting(
        "", "Where that engine sees the lake's folder, if elsewhere: a path, s3a://bucket/lake, ..."
    )

    trends: Path | None = _setting(None, "Folder with trends of your own: one Python file each.")
    trends_kept: int = _setting(1_000, "Results of trends that are kept, to be continued.")
    trends_memory: int = _setting(1_610_612_736, "Bytes that the embedded engine may take.")
    trends_processes: int = _setting(1, "Processes in which the service answers trends.")
    trends_waiting: int = _setting(20, "Most questions to the lake that wait; more get 503.")
    trends_seconds: float = _setting(60.0, "Longest that one question to the lake may take.")

    lake_delta: Path | None = _setting(
        None, "Folder of Delta tables that are kept up with the lake; empty for none."
    )

    what_if_incidents: int = _setting(1_000, "Most incidents that a list of a what-if names.")
    what_if_events: int = _setting(
        250_000, "Events that one process replays at a time: more take more memory."
    )
    what_if_waiting: int = _setting(10, "Most what-ifs that wait their turn; more get 503.")
    what_if_reports: int = _setting(50, "What-ifs, finished or not, that are kept in the home.")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read the TOCSIN_* variables.

        Raises:
            BadSetting: a value does not fit, or no setting has that name.
        """
        environment = os.environ if environment is None else environment
        types = get_type_hints(cls)
        known = {f"TOCSIN_{f.name.upper()}": f.name for f in fields(cls)}
        given = {k: v for k, v in environment.items() if k.startswith("TOCSIN_")}
        if unknown := sorted(set(given) - set(known)):
            raise BadSetting(f"{unknown[0]} is not a setting; `tocsin doctor` lists them all.")
        values = {known[k]: read(k, v, types[known[k]]) for k, v in given.items()}
        return cls(**values).checked()

    def checked(self) -> "Settings":
        """Return these settings if they make sense together.

        Raises:
            BadSetting: they do not.
        """
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
                raise BadSetting(f"TOCSIN_{each.name.upper()} is {value}; it cannot be negative.")
        self.check_choices()
        for name in ("database", "vault_database"):
            check_address(f"TOCSIN_{name.upper()}", getattr(self, name))
        if self.vault_key_env and self.vault_kms:
            raise BadSetting("Set TOCSIN_VAULT_KEY_ENV or TOCSIN_VAULT_KMS, not both.")
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise BadSetting("TOCSIN_TLS_CERTIFICATE and TOCSIN_TLS_KEY go together.")
        return self

    def environment(self) -> dict[str, str]:
        """The TOCSIN_* variables that make these settings, for a process that is to have them."""
        return {f"TOCSIN_{f.name.upper()}": written(getattr(self, f.name)) for f in fields(self)}

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches the address to listen on."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def log_file(self) -> Path:
        """The embedded log."""
        return self.home / "tocsin.db"

    @property
    def lake_place(self) -> Path:
        """Where the lake is."""
        return self.lake_folder or self.home / "lake"

    @property
    def access_file(self) -> Path:
        """The access journal of the embedded default."""
        return self.home / "access.db"

    @property
    def ledger_key_place(self) -> Path:
        """Where the keys are that sign checkpoints."""
        return self.ledger_key or self.home / "ledger.key"

    @property
    def vault_file(self) -> Path:
        """The vault of the embedded default."""
        return self.home / "vault.db"

    @property
    def vault_address(self) -> str:
        """The PostgreSQL database of the vault; empty when it is a file."""
        return self.vault_database or self.database

    @property
    def vault_key_place(self) -> Path:
        """Where the master key is, unless it is elsewhere than in a file."""
        return self.vault_key_file or self.home / "vault.key"

    @property
    def evidence_place(self) -> Path:
        """Where the content of evidence is, or grows before it is sent elsewhere."""
        return self.evidence_folder or self.home / "evidence"

    @property
    def keys_file(self) -> Path:
        """The API keys of the embedded default."""
        return self.home / "keys.db"
