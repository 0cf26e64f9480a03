//! `wright apply`: bringing what a folder describes into an organization.
//!
//! [`folder`] reads the whole folder and finds every mistake before anything is sent; [`reconcile`] looks at what is there,
//! decides for each thing whether to create, update or leave it, and does so unless it is a dry run. Doing it twice changes
//! nothing the second time. Nothing is ever deleted, and settings that the folder does not name stay as they are.

mod folder;
mod reconcile;
mod report;

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::session::Session;
use crate::waiting::Wait;

/// What to apply.
#[derive(Debug, Args)]
pub(crate) struct ApplyArguments {
    /// The folder of an organization (with applications/ or environments/ in it) or of one application
    #[arg(short = 'f', long = "folder", value_name = "DIR")]
    folder: PathBuf,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Also attach machines that instance.json files describe
    #[arg(long)]
    with_instances: bool,
    #[command(flatten)]
    wait: Wait,
}

/// Applies a folder.
pub(crate) async fn run(arguments: ApplyArguments, session: &mut Session<'_>) -> Result<(), Failure> {
    let ApplyArguments { folder, dry_run, with_instances, wait } = arguments;
    let folder = folder::read(&folder)?;
    let organization = match (&session.place.given_organization, &folder.organization) {
        (Some(given), _) => given.clone(),
        (None, Some(organization)) => organization.name.clone(),
        (None, None) => session.place.organization()?,
    };
    let mode = if dry_run { reconcile::Mode::DryRun } else { reconcile::Mode::Apply };
    let options = reconcile::Options { mode, with_instances };
    let report = reconcile::reconcile(session, &organization, folder, options).await?;
    let changes = report.finish(session.output, dry_run);
    if dry_run { Ok(()) } else { wait.follow(session, &changes).await }
}
