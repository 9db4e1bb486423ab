//! From an address to books of this version's form.

use super::lane::{Work, lanes};
use super::{Dialect, SqlStore};
use crate::store::StoreError;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyPool, Executor, SqlSafeStr, SqlStr};
use std::str::FromStr;

/// Lanes of a server; a file has one writer at a time whatever one does.
const SERVER_LANES: usize = 8;
const READERS: usize = 8;

/// Opened books, and the work that must run for them to be written.
#[derive(Debug)]
pub struct Opened {
    pub store: SqlStore,
    pub work: Work,
}

impl SqlStore {
    /// Opens `sqlite:PATH` or `postgres://…`, and brings an older form forward.
    pub async fn open(address: &str) -> Result<Opened, StoreError> {
        install_default_drivers();
        let dialect = Dialect::of(address);
        let writing = pool(address, dialect, dialect.lanes()).await?;
        migrations(dialect)
            .run(&writing)
            .await
            .map_err(StoreError::Migration)?;
        let reads = pool(address, dialect, READERS).await?;
        let (writes, work) = lanes(writing, dialect, dialect.lanes());
        let store = Self { reads, writes };
        Ok(Opened { store, work })
    }
}

async fn pool(address: &str, dialect: Dialect, connections: usize) -> Result<AnyPool, StoreError> {
    let options = AnyConnectOptions::from_str(address)?;
    let most = u32::try_from(connections).unwrap_or(u32::MAX);
    let pool = AnyPoolOptions::new()
        .max_connections(most)
        .after_connect(move |conn, _meta| {
            Box::pin(async move {
                for setting in dialect.settings() {
                    conn.execute(*setting).await?;
                }
                Ok(())
            })
        });
    Ok(pool.connect_with(options).await?)
}

/// Forward only; each once, in order.
fn migrations(dialect: Dialect) -> Migrator {
    let texts = match dialect {
        Dialect::Sqlite => [
            include_str!("../../../migrations/sqlite/0001_books.sql"),
            include_str!("../../../migrations/sqlite/0002_services.sql"),
        ],
        Dialect::Postgres => [
            include_str!("../../../migrations/postgres/0001_books.sql"),
            include_str!("../../../migrations/postgres/0002_services.sql"),
        ],
    };
    let named = ["books", "services"].into_iter().zip(texts);
    let migrations = (1..).zip(named).map(|(number, (name, text))| {
        let kind = MigrationType::Simple;
        Migration::new(number, name.into(), kind, text.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

impl Dialect {
    pub(super) fn of(address: &str) -> Self {
        if address.starts_with("postgres") {
            Self::Postgres
        } else {
            Self::Sqlite
        }
    }

    fn lanes(self) -> usize {
        match self {
            Self::Sqlite => 1,
            Self::Postgres => SERVER_LANES,
        }
    }

    /// What each connection is told first.
    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &[
                "PRAGMA journal_mode = WAL",
                "PRAGMA synchronous = FULL",
                "PRAGMA busy_timeout = 5000",
                "PRAGMA foreign_keys = ON",
            ],
            Self::Postgres => &["SET synchronous_commit = on"],
        }
    }

    /// A file's writer takes its lock at once, so that it never loses it half-way.
    pub(super) fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// Skips rows that another broker is just claiming.
    pub(super) fn claim(self) -> SqlStr {
        match self {
            Self::Sqlite => CLAIM_ALONE.into_sql_str(),
            Self::Postgres => CLAIM_BESIDE_OTHERS.into_sql_str(),
        }
    }

    /// Reads the ledger's head, and keeps every other writer of it waiting.
    pub(super) fn head(self) -> SqlStr {
        match self {
            Self::Sqlite => "SELECT count, hash FROM ledger_head".into_sql_str(),
            Self::Postgres => "SELECT count, hash FROM ledger_head FOR UPDATE".into_sql_str(),
        }
    }
}

const CLAIM_ALONE: &str = "UPDATE jobs SET claimed_until = $1, version = version + 1 \
     WHERE task IN (SELECT task FROM jobs WHERE due <= $2 AND claimed_until <= $2 \
       ORDER BY since, task LIMIT $3) \
     RETURNING submission, since, stage, let_down_by, version, status, heard, cancel";

const CLAIM_BESIDE_OTHERS: &str = "UPDATE jobs SET claimed_until = $1, version = version + 1 \
     WHERE task IN (SELECT task FROM jobs WHERE due <= $2 AND claimed_until <= $2 \
       ORDER BY since, task LIMIT $3 FOR UPDATE SKIP LOCKED) \
     RETURNING submission, since, stage, let_down_by, version, status, heard, cancel";
