//! API keys of an organization.

use clap::Subcommand;
use hostwright_api_types::ApiKey;
use serde_json::{Value as Json, json};

use super::entity;
use crate::failure::Failure;
use crate::place::Word;
use crate::session::Session;
use crate::view::Table;

const KEY: [Word; 2] = [Word::Organization, Word::Name("NAME")];

/// What can be done with API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make one; it is printed once and nowhere kept
    Create {
        /// [ORGANIZATION] NAME
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
        /// What it may do: administrator, user, architect or auditor
        #[arg(long, default_value = "administrator")]
        role: String,
        /// When it ends, e.g. 2030-01-31T12:00:00Z; never if not given
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// Show all of an organization
    List {
        /// [ORGANIZATION]
        #[arg(value_name = "NAMES", num_args = 0..=1)]
        names: Vec<String>,
    },
    /// Make one useless
    Delete {
        /// [ORGANIZATION] NAME
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
    },
}

/// Does it.
pub(crate) async fn run(command: KeysCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        KeysCommand::Create { names, role, expires } => {
            let [organization, name] = session.place.fill(KEY, &names)?;
            let body = json!({ "name": name, "role": role, "expires": expires });
            let path = session.client.organization(&organization).api_keys().path().clone();
            let answer = session.client.post::<Json>(&path, &body).await?.entity;
            if session.output.is_json() {
                session.output.json(&answer);
                return Ok(());
            }
            let key: ApiKey = crate::session::decode(answer)?;
            session.output.text(key.token.as_deref().unwrap_or_default());
            session.output.note(&format!("API key `{name}` acts as {role} in organization `{organization}`"));
            Ok(())
        }
        KeysCommand::List { names } => {
            let [organization] = session.place.fill([Word::Organization], &names)?;
            let path = session.client.organization(&organization).api_keys().path().clone();
            session
                .list(&path, "no API keys", |items: &[ApiKey]| {
                    Table::of(["NAME", "ROLE", "EXPIRES"], items, |key| {
                        let expires = key.expires.map(|time| time.format("%Y-%m-%d %H:%M:%S").to_string());
                        [key.name.clone(), key.role.clone(), expires.unwrap_or_else(|| "never".into())]
                    })
                })
                .await
        }
        KeysCommand::Delete { names } => {
            let [organization, name] = session.place.fill(KEY, &names)?;
            let keys = session.client.organization(&organization).api_keys();
            entity::delete(session, keys.entity(&name).path(), &format!("API key `{name}`")).await?;
            Ok(())
        }
    }
}
