//! Files of applications: their definitions and their content.

use hostwright_model::application::{Action, Application, ApplicationFile, Problem};
use hostwright_model::blob::Blob;
use hostwright_model::names::{ApplicationName, ResourceName};
use hostwright_model::organization::Organization;
use hostwright_model::render::{self, Private, RenderProblem, Variables};
use hostwright_model::template::Delimiters;
use indexmap::IndexMap;

use super::applications::{check, find_application, refuse_locked, save};
use super::{OperationError, Work};

/// How much content a file may have.
pub const LARGEST_CONTENT: usize = render::MAXIMUM_BYTES;

/// Finds a file of an application.
pub async fn find_file(
    work: &mut Work,
    organization: &Organization,
    application: &ApplicationName,
    file: &ResourceName,
) -> Result<ApplicationFile, OperationError> {
    let application = find_application(work, organization, application).await?;
    application.file(file).cloned().ok_or_else(|| OperationError::not_found("file", file))
}

/// Adds a file, or changes the definition of the one with its name; its content stays.
pub async fn put_file(
    work: &mut Work,
    organization: &Organization,
    application: &ApplicationName,
    mut file: ApplicationFile,
) -> Result<ApplicationFile, OperationError> {
    let mut application = find_application(work, organization, application).await?;
    refuse_locked(&application)?;
    match application.files.iter_mut().find(|existing| existing.template.name == file.template.name) {
        Some(existing) => {
            file.template.content = existing.template.content;
            if *existing == file {
                return Ok(file);
            }
            *existing = file.clone();
        }
        None => {
            file.template.content = None;
            application.files.push(file.clone());
        }
    }
    check(&application)?;
    check_templates(work, &application).await?;
    save(work, &mut application).await?;
    Ok(file)
}

/// Gives a file another name, also where handlers use it. Hosts are not touched: what counts there is its path.
pub async fn rename_file(
    work: &mut Work,
    organization: &Organization,
    application: &ApplicationName,
    file: &ResourceName,
    name: &ResourceName,
) -> Result<(), OperationError> {
    let mut application = find_application(work, organization, application).await?;
    refuse_locked(&application)?;
    if application.file(name).is_some() {
        return Err(OperationError::Taken { what: "file", name: name.to_string() });
    }
    let renamed = application.files.iter_mut().find(|existing| existing.template.name == *file);
    let renamed = renamed.ok_or_else(|| OperationError::not_found("file", file))?;
    renamed.template.name = name.clone();
    for action in application.handlers.iter_mut().flat_map(|handler| &mut handler.actions) {
        if let Action::Update(used) | Action::Execute(used) = action
            && used == file
        {
            *used = name.clone();
        }
    }
    check(&application)?;
    save(work, &mut application).await
}

/// Deletes a file that no handler uses.
pub async fn delete_file(
    work: &mut Work,
    organization: &Organization,
    application: &ApplicationName,
    file: &ResourceName,
) -> Result<(), OperationError> {
    let mut application = find_application(work, organization, application).await?;
    refuse_locked(&application)?;
    let before = application.files.len();
    application.files.retain(|existing| existing.template.name != *file);
    if application.files.len() == before {
        return Err(OperationError::not_found("file", file));
    }
    check(&application)?;
    save(work, &mut application).await
}

/// Returns the content of a file as it was uploaded.
pub async fn read_content(
    work: &mut Work,
    organization: &Organization,
    application: &ApplicationName,
    file: &ResourceName,
) -> Result<Vec<u8>, OperationError> {
    let found = find_file(work, organization, application, file).await?;
    let digest = found.template.content.ok_or_else(|| OperationError::not_found("content of file", file))?;
    let blob = work.tx.blob(organization.id, digest).await?;
    Ok(blob.ok_or_else(|| OperationError::not_found("content of file", file))?.into_bytes())
}

/// Gives a file other content. A template that cannot be read is refused.
pub async fn write_content(
    work: &mut Work,
    organization: &Organization,
    application: &ApplicationName,
    file: &ResourceName,
    content: Vec<u8>,
) -> Result<(), OperationError> {
    let mut application = find_application(work, organization, application).await?;
    refuse_locked(&application)?;
    if content.len() > LARGEST_CONTENT {
        let limit = LARGEST_CONTENT >> 20;
        return Err(OperationError::invalid("/file", format!("the content is larger than {limit} MiB")));
    }
    let name = application.name.clone();
    let found = application.files.iter_mut().find(|existing| existing.template.name == *file);
    let found = found.ok_or_else(|| OperationError::not_found("file", file))?;
    if let Some(problem) = syntax_problem(&name, file, &content, &found.template.delimiters) {
        return Err(OperationError::invalid("/file", problem));
    }
    let blob = Blob::new(content);
    if found.template.content == Some(blob.digest()) {
        return Ok(());
    }
    found.template.content = Some(blob.digest());
    work.tx.put_blob(organization.id, &blob, work.now()).await?;
    save(work, &mut application).await
}

/// Refuses delimiters with which the content that is there cannot be read.
pub(crate) async fn check_templates(
    work: &mut Work,
    application: &Application,
) -> Result<(), OperationError> {
    let mut problems = Vec::new();
    for (index, file) in application.files.iter().enumerate() {
        let Some(digest) = file.template.content else { continue };
        let Some(blob) = work.tx.blob(application.organization, digest).await? else { continue };
        let name = &file.template.name;
        if let Some(message) =
            syntax_problem(&application.name, name, blob.bytes(), &file.template.delimiters)
        {
            problems.push(Problem { pointer: format!("/files/{index}/template"), message });
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(OperationError::Invalid(problems)) }
}

/// What is wrong with a template whatever its variables are.
fn syntax_problem(
    application: &ApplicationName,
    file: &ResourceName,
    content: &[u8],
    delimiters: &Delimiters,
) -> Option<String> {
    let subject = format!("file `{file}` of application `{application}`");
    let nothing = Variables::new(&IndexMap::new(), Private::default());
    let error = render::file(&subject, content, delimiters, &nothing).err()?;
    matches!(error.problem, RenderProblem::Syntax(_)).then(|| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(content: &str) -> Option<String> {
        let (application, file) = ("Web Server".parse().unwrap(), "site.conf".parse().unwrap());
        syntax_problem(&application, &file, content.as_bytes(), &Delimiters::default())
    }

    #[test]
    fn only_what_no_variable_could_mend_is_a_problem_of_the_template() {
        assert_eq!(problem("listen ${http_port};\n{% for x in list %}${x.y}{% endfor %}"), None);
        let error = problem("a\n{% if x %}\n").unwrap();
        assert!(error.starts_with("file `site.conf` of application `Web Server`, line "), "{error}");
    }
}
