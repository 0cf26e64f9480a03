//! Enrolment tokens.

use clap::Subcommand;
use hostwright_api_types::EnrolmentToken;
use serde_json::{Value as Json, json};

use super::entity;
use crate::failure::Failure;
use crate::place::Word;
use crate::session::Session;
use crate::view::Table;

/// What can be done with enrolment tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokensCommand {
    /// Make one; it is printed once and nowhere kept
    Create {
        /// [ORGANIZATION] [ENVIRONMENT]
        #[arg(value_name = "NAMES", num_args = 0..=2)]
        names: Vec<String>,
        /// Only for this host
        #[arg(long, value_name = "NAME")]
        host: Option<String>,
        /// How often it may be used
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        uses: u64,
        /// When it ends, e.g. 2030-01-31T12:00:00Z; in a week if not given
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
        /// [ORGANIZATION] UUID
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
    },
}

/// Does it.
pub(crate) async fn run(command: TokensCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        TokensCommand::Create { names, host, uses, expires } => {
            let [organization, environment] =
                session.place.fill([Word::Organization, Word::Environment], &names)?;
            let body = json!({ "environment": environment, "host": host, "uses": uses, "expires": expires });
            let path = session.client.organization(&organization).enrolment_tokens().path().clone();
            let answer = session.client.post::<Json>(&path, &body).await?.entity;
            if session.output.is_json() {
                session.output.json(&answer);
                return Ok(());
            }
            let token: EnrolmentToken = crate::session::decode(answer)?;
            // The token alone goes to standard output, so that `$(wright tokens create …)` is it.
            session.output.text(token.token.as_deref().unwrap_or_default());
            session.output.note(&format!(
                "good for {} until {}; on the machine: hostwright-agent enrol TOKEN",
                if token.uses == 1 { "one machine".to_owned() } else { format!("{} machines", token.uses) },
                token.expires.format("%Y-%m-%d %H:%M UTC"),
            ));
            Ok(())
        }
        TokensCommand::List { names } => {
            let [organization] = session.place.fill([Word::Organization], &names)?;
            let path = session.client.organization(&organization).enrolment_tokens().path().clone();
            session
                .list(&path, "no tokens", |items: &[EnrolmentToken]| {
                    Table::of(["UUID", "ENVIRONMENT", "HOST", "USES", "EXPIRES"], items, |token| {
                        [
                            token.uuid.clone(),
                            token.environment.clone(),
                            token.host.clone().unwrap_or_else(|| "(any)".into()),
                            token.uses.to_string(),
                            token.expires.format("%Y-%m-%d %H:%M:%S").to_string(),
                        ]
                    })
                })
                .await
        }
        TokensCommand::Delete { names } => {
            let [organization, uuid] =
                session.place.fill([Word::Organization, Word::Name("UUID")], &names)?;
            let tokens = session.client.organization(&organization).enrolment_tokens();
            entity::delete(session, tokens.entity(&uuid).path(), &format!("token {uuid}")).await?;
            Ok(())
        }
    }
}
