//! People: who they are and what they may do.

use hostwright_model::event::Occurrence;
use hostwright_model::ids::UserId;
use hostwright_model::names::UserName;
use hostwright_model::organization::Organization;
use hostwright_model::user::{Membership, SiteRole, User};

use super::{OperationError, Work};
use crate::app::App;

/// A new person.
#[derive(Clone)]
pub struct CreateUser {
    /// As they log in.
    pub username: UserName,
    /// For people.
    pub full_name: String,
    /// Unique in the site if not empty.
    pub email: String,
    /// What they prove themselves by.
    pub password: String,
    /// What they are to the site.
    pub role: SiteRole,
}

/// Finds the person with this name and password; nothing if there is none, which is not told apart.
///
/// Takes a tenth of a second the first time, and a look-up after that. A changed password counts at once.
pub async fn authenticate(app: &App, username: &str, password: &str) -> Result<Option<User>, OperationError> {
    let mut work = app.look(hostwright_model::event::Actor::System).await?;
    let user = match username.parse() {
        Ok(username) => work.tx.user_by_name(&username).await?,
        Err(_) => None,
    };
    drop(work);
    let user = user.filter(|user| !user.disabled);
    let matches = app.passwords().verify(user.as_ref().map(|user| &user.password), password).await?;
    Ok(user.filter(|_| matches))
}

/// Finds a person by name.
pub async fn find_user(work: &mut Work, username: &UserName) -> Result<User, OperationError> {
    let found = work.tx.user_by_name(username).await?;
    found.ok_or_else(|| OperationError::not_found("user", username))
}

/// Lists all people, by name.
pub async fn list_users(work: &mut Work) -> Result<Vec<User>, OperationError> {
    Ok(work.tx.users().await?)
}

/// Adds a person.
pub async fn create_user(work: &mut Work, input: CreateUser) -> Result<User, OperationError> {
    let CreateUser { username, full_name, email, password, role } = input;
    if password.chars().count() < 8 {
        return Err(OperationError::invalid("/password", "`password` is shorter than 8 characters"));
    }
    let password = work.app.passwords().hash(&password).await?;
    let user = User {
        id: work.fresh(),
        username,
        full_name,
        email,
        role,
        password,
        disabled: false,
        version: 1,
        created_at: work.now(),
    };
    work.tx.insert_user(&user).await.map_err(OperationError::taken("user", &user.username))?;
    let path = format!("users/{}", user.username);
    work.record(None, Occurrence::Created { kind: "user".to_owned(), path });
    Ok(user)
}

/// Lists the roles of a person in all organizations.
pub async fn roles_of(work: &mut Work, user: UserId) -> Result<Vec<Membership>, OperationError> {
    Ok(work.tx.memberships_of_user(user).await?)
}

/// Gives a person a role, in place of what they had in that place.
pub async fn give_role(
    work: &mut Work,
    organization: &Organization,
    membership: Membership,
) -> Result<(), OperationError> {
    work.tx.put_membership(&membership).await?;
    let path = format!("groups/{}", membership.role.group());
    work.record(organization.id, Occurrence::Updated { kind: "group".to_owned(), path });
    Ok(())
}
