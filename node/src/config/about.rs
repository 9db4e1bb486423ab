//! What each key of the configuration is for: one line, for `init` and for people.

/// Keys in the order of the file, each with its sentence.
pub(super) const ABOUT: &[(&str, &str)] = &[
    (
        "state.folder",
        "What must survive a restart: the journal, sealed keys, checkpoints. Mode 0700.",
    ),
    (
        "state.journal_key",
        "The key the journal is sealed under, 32 bytes, mode 0600; made at the first start.",
    ),
    (
        "limits.tasks_max",
        "Open tasks; one more is refused as too busy.",
    ),
    (
        "limits.duties_max",
        "Pieces of work under way at once; trainings are one at a time in any case.",
    ),
    (
        "limits.stumbles_max",
        "Failures in a row after which a task is given up, while it still may be.",
    ),
    (
        "limits.backoff_base_secs",
        "The pause after a first failure; each further one doubles it.",
    ),
    ("limits.backoff_max_secs", "Where the doubling ends."),
    (
        "api.listen",
        "Where brokers, customers and verifiers reach the node: gRPC over TLS.",
    ),
    (
        "api.brokers",
        "SHA-256 of the public keys (SubjectPublicKeyInfo) of brokers that may dispatch.",
    ),
    (
        "api.operators",
        "SHA-256 of the public keys of operators that may drain over gRPC.",
    ),
    ("api.connections_max", "Connections at once."),
    (
        "api.connections_per_peer_max",
        "Connections at once from one address (IPv6: one /64).",
    ),
    ("api.calls_max", "Calls under way at once, streams aside."),
    ("api.streams_max", "Watches and followed logs at once."),
    (
        "api.streams_per_peer_max",
        "Watches and followed logs at once from one address.",
    ),
    (
        "api.calls_per_sec",
        "Calls each address may make; a burst is four times that.",
    ),
    (
        "api.challenges_per_min",
        "Hardware challenges each address may ask for.",
    ),
    (
        "api.handshake_secs",
        "The longest a TLS handshake may take.",
    ),
    (
        "api.deadline_secs",
        "The longest a call may take until its answer begins.",
    ),
    (
        "operator.listen",
        "Health, metrics and evidence, read-only and without TLS: keep it on loopback.",
    ),
    (
        "breaker.failures_max",
        "Tasks that fail in a row by this machine's fault before it takes no more.",
    ),
    (
        "breaker.disk_free_bytes_min",
        "With less room in the state folder no new work is taken.",
    ),
    (
        "stop.grace_secs",
        "How long a first SIGTERM waits for what runs.",
    ),
    ("log.filter", "What is logged, as in info,node=debug."),
    (
        "log.format",
        "auto is text on a terminal and JSON otherwise.",
    ),
];

pub(super) fn about(path: &str) -> Option<&'static str> {
    let known = ABOUT.iter().find(|(known, _)| *known == path);
    known.map(|&(_, about)| about)
}
