//! Applications, the templates.

use std::path::PathBuf;

use bytes::Bytes;
use clap::Subcommand;
use hostwright_api_types::{Application, FileResource, Parameter};
use serde_json::{Value as Json, json};

use super::entity;
use crate::body::BodySource;
use crate::editor;
use crate::failure::Failure;
use crate::place::Word;
use crate::session::Session;
use crate::view::Table;

const APPLICATION: [Word; 2] = [Word::Organization, Word::Name("APPLICATION")];
const FILE: [Word; 3] = [Word::Organization, Word::Name("APPLICATION"), Word::Name("FILE")];

/// What can be done with applications.
#[derive(Debug, Subcommand)]
pub(crate) enum ApplicationsCommand {
    /// Show all of an organization
    List {
        /// [ORGANIZATION]
        #[arg(value_name = "NAMES", num_args = 0..=1)]
        names: Vec<String>,
    },
    /// Show one with all its fields
    Show {
        /// [ORGANIZATION] APPLICATION
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
    },
    /// Create one
    Add {
        /// [ORGANIZATION] APPLICATION
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
        #[command(flatten)]
        body: BodySource,
    },
    /// Replace one, in $EDITOR if no JSON is given
    Update {
        /// [ORGANIZATION] APPLICATION
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
        #[command(flatten)]
        body: BodySource,
    },
    /// Delete one that no host has
    Delete {
        /// [ORGANIZATION] APPLICATION
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
    },
    /// Its files
    #[command(subcommand)]
    Files(FilesCommand),
    /// Its parameters
    #[command(subcommand)]
    Parameters(ParametersCommand),
}

/// What can be done with files of an application.
#[derive(Debug, Subcommand)]
pub(crate) enum FilesCommand {
    /// Show all
    List {
        /// [ORGANIZATION] APPLICATION
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
    },
    /// Show one with all its fields
    Show {
        /// [ORGANIZATION] APPLICATION FILE
        #[arg(value_name = "NAMES", required = true, num_args = 2..=3)]
        names: Vec<String>,
    },
    /// Show the template of one
    ShowContent {
        /// [ORGANIZATION] APPLICATION FILE
        #[arg(value_name = "NAMES", required = true, num_args = 2..=3)]
        names: Vec<String>,
    },
    /// Set the template of one from a local file
    SetContent {
        /// [ORGANIZATION] APPLICATION FILE
        #[arg(value_name = "NAMES", required = true, num_args = 2..=3)]
        names: Vec<String>,
        /// The local file
        #[arg(short = 'f', long = "file", value_name = "FILE")]
        file: PathBuf,
    },
    /// Change the template of one in $EDITOR
    Edit {
        /// [ORGANIZATION] APPLICATION FILE
        #[arg(value_name = "NAMES", required = true, num_args = 2..=3)]
        names: Vec<String>,
    },
    /// Create one
    Add {
        /// [ORGANIZATION] APPLICATION FILE
        #[arg(value_name = "NAMES", required = true, num_args = 2..=3)]
        names: Vec<String>,
        /// Where it is on the host
        #[arg(long, default_value = "")]
        path: String,
        #[command(flatten)]
        body: BodySource,
    },
    /// Replace one, in $EDITOR if no JSON is given
    Update {
        /// [ORGANIZATION] APPLICATION FILE
        #[arg(value_name = "NAMES", required = true, num_args = 2..=3)]
        names: Vec<String>,
        #[command(flatten)]
        body: BodySource,
    },
    /// Delete one
    Delete {
        /// [ORGANIZATION] APPLICATION FILE
        #[arg(value_name = "NAMES", required = true, num_args = 2..=3)]
        names: Vec<String>,
    },
}

/// What can be done with parameters of an application.
#[derive(Debug, Subcommand)]
pub(crate) enum ParametersCommand {
    /// Show all
    List {
        /// [ORGANIZATION] APPLICATION
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
    },
    /// Show one with all its fields
    Show {
        /// [ORGANIZATION] APPLICATION KEY
        #[arg(value_name = "NAMES", required = true, num_args = 2..=3)]
        names: Vec<String>,
    },
    /// Create one
    Add {
        /// [ORGANIZATION] APPLICATION KEY
        #[arg(value_name = "NAMES", required = true, num_args = 2..=3)]
        names: Vec<String>,
        #[command(flatten)]
        body: BodySource,
    },
    /// Replace one, in $EDITOR if no JSON is given
    Update {
        /// [ORGANIZATION] APPLICATION KEY
        #[arg(value_name = "NAMES", required = true, num_args = 2..=3)]
        names: Vec<String>,
        #[command(flatten)]
        body: BodySource,
    },
    /// Delete one
    Delete {
        /// [ORGANIZATION] APPLICATION KEY
        #[arg(value_name = "NAMES", required = true, num_args = 2..=3)]
        names: Vec<String>,
    },
}

/// Does it.
pub(crate) async fn run(command: ApplicationsCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        ApplicationsCommand::List { names } => {
            let [organization] = session.place.fill([Word::Organization], &names)?;
            let path = session.client.organization(&organization).applications().path().clone();
            session
                .list(&path, "no applications", |items: &[Application]| {
                    Table::of(
                        ["NAME", "VERSION", "FILES", "PARAMETERS", "DESCRIPTION"],
                        items,
                        |application| {
                            [
                                application.name.clone(),
                                application.version.to_string(),
                                application.files.len().to_string(),
                                application.parameters.len().to_string(),
                                application.description.clone(),
                            ]
                        },
                    )
                })
                .await
        }
        ApplicationsCommand::Show { names } => {
            let [organization, application] = session.place.fill(APPLICATION, &names)?;
            let path =
                session.client.organization(&organization).application(&application).entity().path().clone();
            session.show(&path).await
        }
        ApplicationsCommand::Add { names, body } => {
            let [organization, application] = session.place.fill(APPLICATION, &names)?;
            let path = session.client.organization(&organization).applications().path().clone();
            let template = json!({
                "name": application, "description": "", "packages": [], "services": [], "files": [], "directories": [],
                "parameters": [], "handlers": [],
            });
            entity::add(session, &path, body, &template, &format!("application `{application}`")).await?;
            Ok(())
        }
        ApplicationsCommand::Update { names, body } => {
            let [organization, application] = session.place.fill(APPLICATION, &names)?;
            let path =
                session.client.organization(&organization).application(&application).entity().path().clone();
            entity::update(session, &path, body, &format!("application `{application}`")).await?;
            Ok(())
        }
        ApplicationsCommand::Delete { names } => {
            let [organization, application] = session.place.fill(APPLICATION, &names)?;
            let path =
                session.client.organization(&organization).application(&application).entity().path().clone();
            entity::delete(session, &path, &format!("application `{application}`")).await?;
            Ok(())
        }
        ApplicationsCommand::Files(command) => files(command, session).await,
        ApplicationsCommand::Parameters(command) => parameters(command, session).await,
    }
}

async fn files(command: FilesCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        FilesCommand::List { names } => {
            let [organization, application] = session.place.fill(APPLICATION, &names)?;
            let path =
                session.client.organization(&organization).application(&application).files().path().clone();
            session
                .list(&path, "no files", |items: &[FileResource]| {
                    Table::of(["NAME", "PATH", "OWNER", "GROUP", "MODE"], items, |file| {
                        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
                        [
                            file.name.clone(),
                            file.path.clone(),
                            or_dash(&file.owner),
                            or_dash(&file.group),
                            or_dash(&file.mode),
                        ]
                    })
                })
                .await
        }
        FilesCommand::Show { names } => {
            let [organization, application, file] = session.place.fill(FILE, &names)?;
            let files = session.client.organization(&organization).application(&application).files();
            session.show(files.entity(&file).path()).await
        }
        FilesCommand::ShowContent { names } => {
            let [organization, application, file] = session.place.fill(FILE, &names)?;
            let handle = session.client.organization(&organization).application(&application);
            let content = handle.file_content(&file).await?;
            session.output.raw(&content);
            Ok(())
        }
        FilesCommand::SetContent { names, file: local } => {
            let [organization, application, file] = session.place.fill(FILE, &names)?;
            let content =
                std::fs::read(&local).map_err(|error| Failure::file(&local, "failed to read", &error))?;
            set_content(session, [&organization, &application, &file], content.into()).await
        }
        FilesCommand::Edit { names } => {
            let [organization, application, file] = session.place.fill(FILE, &names)?;
            let handle = session.client.organization(&organization).application(&application);
            let content = handle.file_content(&file).await?;
            let text = std::str::from_utf8(&content)
                .map_err(|_| Failure::usage(format!("file `{file}` is not text: use `set-content`")))?;
            let Some(edited) = editor::edit(&session.around, text)? else {
                session.output.text("nothing was written: the text is as it was");
                return Ok(());
            };
            set_content(session, [&organization, &application, &file], edited.into()).await
        }
        FilesCommand::Add { names, path, body } => {
            let [organization, application, file] = session.place.fill(FILE, &names)?;
            let files =
                session.client.organization(&organization).application(&application).files().path().clone();
            let template = json!({ "name": file, "path": path });
            entity::add(session, &files, body, &template, &format!("file `{file}`")).await?;
            Ok(())
        }
        FilesCommand::Update { names, body } => {
            let [organization, application, file] = session.place.fill(FILE, &names)?;
            let files = session.client.organization(&organization).application(&application).files();
            entity::update(session, files.entity(&file).path(), body, &format!("file `{file}`")).await?;
            Ok(())
        }
        FilesCommand::Delete { names } => {
            let [organization, application, file] = session.place.fill(FILE, &names)?;
            let files = session.client.organization(&organization).application(&application).files();
            entity::delete(session, files.entity(&file).path(), &format!("file `{file}`")).await?;
            Ok(())
        }
    }
}

async fn set_content(
    session: &mut Session<'_>,
    [organization, application, file]: [&str; 3],
    content: Bytes,
) -> Result<(), Failure> {
    let size = content.len();
    session
        .client
        .organization(organization)
        .application(application)
        .set_file_content(file, content)
        .await?;
    session.done(&format!("content of `{file}` was set ({size} bytes)"), None);
    Ok(())
}

async fn parameters(command: ParametersCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    const PARAMETER: [Word; 3] = [Word::Organization, Word::Name("APPLICATION"), Word::Name("KEY")];
    match command {
        ParametersCommand::List { names } => {
            let [organization, application] = session.place.fill(APPLICATION, &names)?;
            let handle = session.client.organization(&organization).application(&application);
            session
                .list(handle.parameters().path(), "no parameters", |items: &[Parameter]| {
                    Table::of(["KEY", "NAME", "DEFAULT", "TYPE"], items, |parameter| {
                        let kind = parameter.schema.as_ref().and_then(|schema| schema.get("type")?.as_str());
                        [
                            parameter.key.clone(),
                            parameter.name.clone(),
                            if parameter.value == Json::Null {
                                "-".into()
                            } else {
                                parameter.value.to_string()
                            },
                            kind.unwrap_or("-").to_owned(),
                        ]
                    })
                })
                .await
        }
        ParametersCommand::Show { names } => {
            let [organization, application, key] = session.place.fill(PARAMETER, &names)?;
            let parameters =
                session.client.organization(&organization).application(&application).parameters();
            session.show(parameters.entity(&key).path()).await
        }
        ParametersCommand::Add { names, body } => {
            let [organization, application, key] = session.place.fill(PARAMETER, &names)?;
            let parameters =
                session.client.organization(&organization).application(&application).parameters();
            let template = json!({ "name": key, "description": "", "key": key, "value": null });
            entity::add(session, parameters.path(), body, &template, &format!("parameter `{key}`")).await?;
            Ok(())
        }
        ParametersCommand::Update { names, body } => {
            let [organization, application, key] = session.place.fill(PARAMETER, &names)?;
            let parameters =
                session.client.organization(&organization).application(&application).parameters();
            entity::update(session, parameters.entity(&key).path(), body, &format!("parameter `{key}`"))
                .await?;
            Ok(())
        }
        ParametersCommand::Delete { names } => {
            let [organization, application, key] = session.place.fill(PARAMETER, &names)?;
            let parameters =
                session.client.organization(&organization).application(&application).parameters();
            entity::delete(session, parameters.entity(&key).path(), &format!("parameter `{key}`")).await?;
            Ok(())
        }
    }
}
