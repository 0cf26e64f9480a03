//! Users.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// By which the person logs in.
    pub username: String,
    /// The person's name.
    pub fullname: String,
    /// Where the person is reached.
    pub email: String,
    /// `ADMIN` for the site's administrator, else `USER`.
    pub role: String,
}
