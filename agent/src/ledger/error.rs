//! Why the ledger did not do it.

use std::path::PathBuf;

/// An error of the ledger.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened or is not a ledger.
    #[error("failed to open the ledger {}", path.display())]
    Open {
        /// Where it lies.
        path: PathBuf,
        /// The database's word.
        #[source]
        source: sqlx::Error,
    },
    /// The file was written by a newer agent, or is damaged.
    #[error("failed to bring the ledger {} up to date", path.display())]
    Migrate {
        /// Where it lies.
        path: PathBuf,
        /// The migration's word.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// It cannot be read or written; a full disk, usually.
    #[error("the ledger cannot be read or written")]
    Database(#[from] sqlx::Error),
    /// Something in it cannot be understood.
    #[error("the ledger holds {what} that cannot be understood")]
    Malformed {
        /// What.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    pub(super) fn malformed(
        what: &'static str,
    ) -> impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> Self {
        move |source| Self::Malformed { what, source }
    }
}
