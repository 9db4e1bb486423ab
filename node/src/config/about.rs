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
        "broker.urls",
        "Brokers that the node calls and stays with, to be handed orders behind a NAT too.",
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
    (
        "traces.endpoint",
        "Where OpenTelemetry traces go, one for each task: OTLP over HTTP, protobuf.",
    ),
    (
        "chain.urls",
        "RPC endpoints of one chain; the next is asked when one fails.",
    ),
    (
        "chain.chain_id",
        "The chain's number; a node that reaches another does not start.",
    ),
    ("chain.market", "The market contract."),
    (
        "chain.deployed_at",
        "The block it was deployed in: nothing older is read.",
    ),
    (
        "chain.wallet",
        "The operator's key, which pays for transactions; a file only its owner can read.",
    ),
    (
        "chain.wallet_password",
        "A file with the wallet's password, where it has one.",
    ),
    (
        "chain.confirmations",
        "Blocks on top that make one final; 0 as the chain says.",
    ),
    ("chain.poll_ms", "How often the chain is asked for news."),
    (
        "chain.patience_ms",
        "How long a transaction is waited for before it counts as failed.",
    ),
    (
        "chain.bump_after_ms",
        "How long until a waiting transaction is offered more for.",
    ),
    (
        "chain.requests_per_sec",
        "What each URL is asked at most; twice as much at once.",
    ),
    (
        "chain.fee_most_wei_per_gas",
        "The most that is ever offered for gas.",
    ),
    (
        "chain.bond",
        "What is put up when the service is first registered.",
    ),
    ("device.kind", "The TEE this node runs in."),
    (
        "device.keys",
        "sealed keeps the identity over restarts; ephemeral makes a new one each time.",
    ),
    (
        "device.profile",
        "development says that nothing here is protected, and that this is meant.",
    ),
    (
        "device.development_root",
        "The root of a simulated machine, in PEM; for development alone.",
    ),
    (
        "device.key_server",
        "AMD's key server, where the host hands over no certificates.",
    ),
    (
        "storage.folder",
        "The node's own content; the folder content in the state folder unless said.",
    ),
    ("storage.quota_gib", "How much may lie there."),
    (
        "storage.folders",
        "Folders of others on this machine, read and written.",
    ),
    ("storage.http", "Web servers over such folders, read only."),
    (
        "storage.indexers",
        "0G indexers; what is put there is paid at storage.flow.",
    ),
    (
        "storage.flow",
        "0G's flow contract on the market's chain, where the wallet pays for uploads.",
    ),
    (
        "storage.upload_fee_max",
        "The most that one upload there may cost.",
    ),
    (
        "storage.s3",
        "A file with a bucket and its keys, readable by its owner alone.",
    ),
    ("offer.url", "Where customers and brokers reach this node."),
    ("offer.price_per_token", "The price of one trained token."),
    ("offer.fee_least", "The least an order must pay."),
    ("offer.models", "The base models on offer: names and roots."),
    (
        "offer.compensation_max",
        "The most an order may ask for a broken promise.",
    ),
    (
        "offer.ack_window_secs_max",
        "The longest a customer may take to acknowledge.",
    ),
    (
        "offer.penalty_bps_min",
        "The least penalty of a customer who does not, in basis points.",
    ),
    (
        "offer.customer_tasks_max",
        "Open orders of one customer; one more is refused.",
    ),
    (
        "offer.overhead_secs",
        "What a task takes beside its training.",
    ),
    (
        "offer.tokens_per_sec",
        "The assumed speed until this machine has measured itself.",
    ),
    ("offer.cpu_count", "Processors, as registered on chain."),
    ("offer.memory_gib", "Memory, as registered on chain."),
    ("offer.gpu_count", "GPUs, as registered on chain."),
    ("offer.storage_gib", "Storage, as registered on chain."),
    ("offer.gpu_type", "The kind of GPU, as registered on chain."),
    (
        "offer.sequence_len_max",
        "The longest sequence a recipe may ask for.",
    ),
    ("offer.rows_per_step_max", "The most rows of one step."),
    ("offer.epochs_max", "The most epochs."),
    ("offer.steps_max", "The most steps."),
    ("offer.lora_r_max", "The highest rank of an adapter."),
    ("trainer.program", "The program that trains."),
    ("trainer.scratch", "Where work folders are made: in memory."),
    (
        "trainer.plain_disk",
        "Whether work folders may lie on a disk, where plaintext outlives a crash.",
    ),
    (
        "trainer.sandbox",
        "Whether the trainer may run where the kernel lacks some of its walls.",
    ),
    ("trainer.device", "What the trainer computes on."),
    (
        "trainer.threads",
        "Threads of the trainer; 0 as many as there are processors.",
    ),
    (
        "trainer.memory_mib_max",
        "The trainer's memory; 0 seven eighths of the machine's.",
    ),
    (
        "trainer.silence_secs_max",
        "How long a trainer may say nothing before it is ended.",
    ),
    ("trainer.checkpoint_secs", "How often a checkpoint is kept."),
    (
        "trainer.checkpoints_kept",
        "How many checkpoints of a task are kept.",
    ),
];

pub(super) fn about(path: &str) -> Option<&'static str> {
    let known = ABOUT.iter().find(|(known, _)| *known == path);
    known.map(|&(_, about)| about)
}
