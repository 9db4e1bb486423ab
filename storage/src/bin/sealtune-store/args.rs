//! What the command line says.

use clap::{Parser, Subcommand};
use proto::{Address, Root};
use std::net::SocketAddr;
use std::path::PathBuf;
use storage::Links;

/// Content by its 0G storage root: name, keep, fetch, check and serve it.
#[derive(Debug, Parser)]
#[command(name = "sealtune-store", version)]
pub(crate) struct Args {
    /// Print one JSON object per answer.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Log what happens to standard error; twice for more.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// The local folder.
    #[arg(long, global = true, default_value = "sealtune-content")]
    pub(crate) dir: PathBuf,
    /// The most bytes of content the local folder keeps.
    #[arg(long, global = true)]
    pub(crate) quota: Option<u64>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The root of a file, or of a folder as a package.
    Root {
        path: PathBuf,
        #[command(flatten)]
        links: FollowLinks,
    },
    /// Keep a file, or a folder as a package: in the local folder, or where the options say.
    Put {
        path: PathBuf,
        #[command(flatten)]
        links: FollowLinks,
        #[command(flatten)]
        to: Places,
    },
    /// Fetch content into the local folder, or to a path.
    Get {
        root: Root,
        /// Write here in place of the local folder.
        #[arg(long, short)]
        out: Option<PathBuf>,
        /// The size, if known: a root does not tell zeros at the very end apart.
        #[arg(long)]
        size: Option<u64>,
        /// The content is a package: unpack it to `--out`.
        #[arg(long, requires = "out")]
        unpack: bool,
        #[command(flatten)]
        from: Places,
    },
    /// List what the local folder keeps.
    Ls,
    /// Remove what nobody keeps and nobody put for a while.
    Gc {
        #[arg(long, default_value_t = 3)]
        retention_days: u64,
    },
    /// Read content again and compare it with its root; all of it, if none is named.
    Verify { roots: Vec<Root> },
    /// Run a 0G storage node and indexer over the local folder.
    Serve(Serve),
}

#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct FollowLinks {
    /// Pack the files that symbolic links lead to, as in Hugging Face's cache.
    #[arg(long = "follow-links")]
    follow: bool,
}

impl From<FollowLinks> for Links {
    fn from(links: FollowLinks) -> Self {
        if links.follow {
            Self::FollowToFiles
        } else {
            Self::Refuse
        }
    }
}

/// Places beyond the local folder.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Places {
    /// A 0G storage indexer.
    #[arg(long)]
    pub(crate) indexer: Option<String>,
    /// A 0G storage node; may be said several times.
    #[arg(long = "node")]
    pub(crate) nodes: Vec<String>,
    /// A web server's folder of content; may be said several times.
    #[arg(long = "http")]
    pub(crate) http: Vec<String>,
    /// A JSON file that names an S3-compatible bucket: bucket, prefix, region, endpoint,
    /// `access_key_id`, `secret_access_key`.
    #[arg(long = "s3")]
    pub(crate) bucket: Option<PathBuf>,
    /// Segments on their way at once.
    #[arg(long, default_value_t = 8)]
    pub(crate) parallel: usize,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Serve {
    #[arg(long, default_value = "127.0.0.1:5678")]
    pub(crate) listen: SocketAddr,
    /// What the indexer tells clients; the address listened on, unless said.
    #[arg(long)]
    pub(crate) public_url: Option<String>,
    /// The flow contract to follow; none takes uploads unpaid.
    #[arg(long, requires = "rpc")]
    pub(crate) flow: Option<Address>,
    /// The chain's JSON-RPC.
    #[arg(long, requires = "flow")]
    pub(crate) rpc: Option<String>,
    /// The block in which the flow contract began.
    #[arg(long, default_value_t = 0)]
    pub(crate) first_block: u64,
}
