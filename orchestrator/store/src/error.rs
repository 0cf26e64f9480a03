//! Why the store did not do something.

/// Why the store did not do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something of that name, or in that place, is there already.
    #[error("{what} is taken")]
    Taken {
        /// e.g. `host name`.
        what: &'static str,
    },
    /// Something else still needs it, or what it needs is not there.
    #[error("{what} is in use, or refers to something that is gone")]
    InUse {
        /// e.g. `environment`.
        what: &'static str,
    },
    /// Somebody else changed it in between.
    #[error("{what} was changed by somebody else: read it again")]
    Stale {
        /// e.g. `host`.
        what: &'static str,
    },
    /// The database cannot be reached, or is too busy; trying again may work.
    #[error("the database is not available")]
    Unavailable {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What is stored cannot be read.
    #[error("stored {what} cannot be read")]
    Corrupt {
        /// e.g. `application`.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The address is none of a database.
    #[error("`{url}` is no address of a database: it begins with `sqlite://` or `postgres://`")]
    UnknownDatabase {
        /// Without what may be secret in it.
        url: String,
    },
    /// The tables could not be brought up to date.
    #[error("failed to bring the database up to date")]
    Migration {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database refused for another reason; a fault of this program.
    #[error("the database refused a query")]
    Refused {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// Returns whether trying again may work.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Wraps why something stored cannot be read.
    pub(crate) fn corrupt<E>(what: &'static str) -> impl FnOnce(E) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        move |error| Self::Corrupt { what, source: Box::new(error) }
    }

    /// Translates what the database says about a query on `what`.
    pub(crate) fn of(what: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |error| Self::translate(what, error)
    }

    fn translate(what: &'static str, error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(database) = &error {
            if database.is_unique_violation() {
                return Self::Taken { what };
            }
            if database.is_foreign_key_violation() {
                return Self::InUse { what };
            }
            if is_busy(database.code().as_deref()) {
                return Self::Unavailable { source: Box::new(error) };
            }
        }
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable { source: Box::new(error) },
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Corrupt { what, source: Box::new(error) }
            }
            _ => Self::Refused { source: Box::new(error) },
        }
    }
}

/// SQLite: busy and locked, also the extended codes. PostgreSQL: serialization failure, deadlock, lock not available, too
/// many connections, shutting down.
fn is_busy(code: Option<&str>) -> bool {
    matches!(
        code,
        Some(
            "5" | "6"
                | "261"
                | "262"
                | "517"
                | "40001"
                | "40P01"
                | "55P03"
                | "53300"
                | "57P01"
                | "57P02"
                | "57P03"
        )
    )
}
