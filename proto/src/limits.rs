//! Every limit of the wire, by name.

/// No message is larger, so this is what to set as tonic's decoding limit. It is
/// tonic's own default; a check at compile time keeps every message below it.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Repeated elements in one message, all lists together and nested ones counted.
/// Bounds what a message can make its reader allocate before it is checked.
pub const ELEMENTS_MAX: usize = 16 * 1024;

/// A recipe's canonical JSON. The longest with every key set is under 4 KiB.
pub const RECIPE_BYTES_MAX: usize = 64 * 1024;
/// What a refusal, a cause or a call error says.
pub const DETAIL_BYTES_MAX: usize = 1024;
/// Names of models, cards and programs.
pub const NAME_BYTES_MAX: usize = 128;
/// Linux's `PATH_MAX`.
pub const PATH_BYTES_MAX: usize = 4096;
/// A URL: scheme, host (253 in DNS), port and a short path.
pub const ENDPOINT_BYTES_MAX: usize = 512;
/// A broker's mark of where the next page begins.
pub const PAGE_BYTES_MAX: usize = 64;
/// Elements of one page, as asked for and as a list has them.
pub const PAGE_COUNT_MAX: u32 = 100;
pub const PAGE_ELEMENTS_MAX: usize = 100;

/// One line of a log.
pub const LOG_LINE_BYTES_MAX: usize = 2048;
/// Lines of a log in one message.
pub const LOG_LINES_MAX: usize = 256;

/// A transcript is eight short fields.
pub const TRANSCRIPT_BYTES_MAX: usize = 4096;
/// A report of SEV-SNP is exactly this long (AMD 56860, table 23).
pub const SNP_REPORT_BYTES: usize = 1184;
/// The host's table has four certificates and a CRL; real ones are up to 8 KiB.
pub const CERTIFICATE_TABLE_BYTES_MAX: usize = 64 * 1024;
/// One certificate; AMD's are under 2 KiB.
pub const CERTIFICATE_BYTES_MAX: usize = 8 * 1024;
/// A revocation list; AMD's are under 2 KiB while nothing is revoked.
pub const CRL_BYTES_MAX: usize = 256 * 1024;
/// A TDX quote; real ones are about 5 KiB.
pub const QUOTE_BYTES_MAX: usize = 32 * 1024;
/// Intel's collateral for one quote.
pub const COLLATERAL_BYTES_MAX: usize = 256 * 1024;
/// A GPU's SPDM request and response; real ones are about 4 KiB.
pub const SPDM_BYTES_MAX: usize = 16 * 1024;
/// A GPU's certificate chain in PEM; real ones are about 5 KiB.
pub const GPU_CHAIN_BYTES_MAX: usize = 32 * 1024;
/// One reference manifest; real ones are about 21 KiB.
pub const RIM_BYTES_MAX: usize = 128 * 1024;
/// Reference manifests in one piece of evidence: two for each kind of card.
pub const RIMS_MAX: usize = 8;
/// Cards in one node.
pub const GPUS_MAX: usize = 16;
/// Models one node offers.
pub const MODELS_MAX: usize = 64;
/// Open tasks of one broker at one node.
pub const OPEN_TASKS_MAX: usize = 4096;
/// Quotes in one estimate.
pub const QUOTES_MAX: usize = 32;
/// Data in one message of an upload or a download.
pub const BLOB_PIECE_BYTES_MAX: usize = 1024 * 1024;
