"""What the OpenAPI document says of the ledger's answers."""

from typing import Any

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
WHOLE: Json = {"type": "integer", "minimum": 0}
INSTANT: Json = {"type": "string", "format": "date-time"}
HASH: Json = {"type": "string", "description": "32 bytes in base64."}
HASHES: Json = {"type": "array", "items": HASH}
NOTE: Json = {
    "type": "string",
    "description": "A signed note (C2SP): name, size and root, with the lines of all who signed.",
}
CHECKPOINT: Json = {
    "title": "Checkpoint",
    "type": "object",
    "required": ["size", "root", "note", "made_at"],
    "properties": {"size": WHOLE, "root": HASH, "note": NOTE, "made_at": INSTANT},
}
CHECKPOINTS: Json = {
    "type": "object",
    "required": ["items", "next"],
    "properties": {
        "items": {"type": "array", "items": CHECKPOINT},
        "next": {"type": "integer", "description": "`after` of the next request."},
    },
}
MADE: Json = {
    "type": "object",
    "required": ["made", "checkpoint"],
    "properties": {
        "made": {"type": "boolean", "description": "False when the log had not grown."},
        "checkpoint": CHECKPOINT,
    },
}
INCLUSION: Json = {
    "type": "object",
    "required": ["position", "size", "leaf_hash", "path", "root", "checkpoint"],
    "properties": {
        "position": WHOLE,
        "size": WHOLE,
        "leaf_hash": {**HASH, "description": "SHA-256 of a zero byte and the event as stored."},
        "path": {**HASHES, "description": "From the leaf upwards (RFC 9162, 2.1.3)."},
        "root": HASH,
        "checkpoint": {**NOTE, "type": ["string", "null"]},
    },
}
CONSISTENCY: Json = {
    "type": "object",
    "required": ["from", "to", "path", "from_root", "to_root"],
    "properties": {
        "from": WHOLE,
        "to": WHOLE,
        "path": {**HASHES, "description": "As RFC 9162, 2.1.4, has it."},
        "from_root": HASH,
        "to_root": HASH,
    },
}
KEYS: Json = {
    "type": "object",
    "required": ["origin", "items"],
    "properties": {
        "origin": {"type": "string", "description": "The name that checkpoints have now."},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["vkey", "key_id", "since_size", "since", "signs"],
                "properties": {
                    "vkey": {"type": "string", "description": "For whoever verifies."},
                    "key_id": TEXT,
                    "since_size": WHOLE,
                    "since": INSTANT,
                    "signs": {"type": "boolean", "description": "Whether it signs now."},
                },
            },
        },
    },
}
ATTESTATIONS: Json = {
    "type": "object",
    "required": ["items"],
    "properties": {
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["size", "place", "kind", "body", "made_at"],
                "properties": {
                    "size": WHOLE,
                    "place": {"type": "string", "description": "Who or where."},
                    "kind": {
                        "type": "string",
                        "description": "`cosignature` of a witness (lines of a note), `timestamp`"
                        " (an RFC 3161 token), `copy` in a file, `key`, `adopted`.",
                    },
                    "body": {"type": "string", "description": "What they gave, in base64."},
                    "made_at": INSTANT,
                },
            },
        }
    },
}
