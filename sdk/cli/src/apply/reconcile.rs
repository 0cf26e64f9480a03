//! Looking at what is there, and making it what the folder says.

use bytes::Bytes;
use hostwright_api_types::input;
use hostwright_api_types::{ApplicationInput, Setting, SettingInput};
use hostwright_client::organization::OrganizationHandle;
use hostwright_client::{ClientError, Collection, Entity};
use serde_json::{Value as Json, json};

use super::folder::{ApplicationFolder, EnvironmentFolder, Folder, HostFolder, OrganizationFolder};
use super::report::{Report, Step};
use crate::failure::Failure;
use crate::session::Session;

/// Whether anything is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Everything that has to be.
    Apply,
    /// Nothing; it is only said what would be.
    DryRun,
}

/// How a folder is applied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    pub(super) mode: Mode,
    pub(super) with_instances: bool,
}

/// Brings a folder into an organization.
pub(super) async fn reconcile(
    session: &mut Session<'_>,
    organization: &str,
    folder: Folder,
    options: Options,
) -> Result<Report, Failure> {
    let handle = session.client.organization(organization);
    let mut run = Run { session, organization: handle, options, report: Report::default() };
    let Folder { organization: definition, applications, environments } = folder;
    run.organization(organization, definition).await?;
    for application in &applications {
        run.application(application).await?;
    }
    for environment in environments {
        run.environment(environment).await?;
    }
    Ok(run.report)
}

struct Run<'a, 'session> {
    session: &'a mut Session<'session>,
    organization: OrganizationHandle,
    options: Options,
    report: Report,
}

impl Run<'_, '_> {
    fn is_real(&self) -> bool {
        self.options.mode == Mode::Apply
    }

    fn add(&mut self, step: Step, what: String) {
        self.report.add(self.session.output, step, what);
    }

    async fn organization(
        &mut self,
        name: &str,
        definition: Option<OrganizationFolder>,
    ) -> Result<(), Failure> {
        let current = found(self.organization.entity().get().await)?;
        let description =
            definition.as_ref().map(|definition| definition.description.clone()).unwrap_or_default();
        let what = format!("organization {name}");
        match current {
            None => {
                if self.is_real() {
                    let body = json!({ "name": name, "description": description });
                    self.session.client.organizations().create(&body).await?;
                }
                self.add(Step::Create, what);
            }
            Some(current) if definition.is_some() && current.description != description => {
                if self.is_real() {
                    let body = json!({ "name": name, "description": description });
                    self.organization.entity().replace(&body).await?;
                }
                self.add(Step::Update, what);
            }
            Some(_) => self.add(Step::Unchanged, what),
        }
        let settings = definition.map(|definition| definition.settings).unwrap_or_default();
        self.settings(&self.organization.settings(), &settings, &format!("of organization {name}")).await
    }

    async fn application(&mut self, folder: &ApplicationFolder) -> Result<(), Failure> {
        let ApplicationFolder { name, definition, input, contents } = folder;
        let handle = self.organization.application(name);
        // Compared as the server reads it, so that order of fields and what only the server sets do not matter.
        let current: Option<Json> = found(self.session.client.get(handle.entity().path()).await)?;
        let same = current.as_ref().and_then(|value| input::read::<ApplicationInput>(value.clone()).ok());
        let same = same.is_some_and(|current| is_same(&current, input));
        let step = match (&current, same) {
            (None, _) => Step::Create,
            (Some(_), true) => Step::Unchanged,
            (Some(_), false) => Step::Update,
        };
        if self.is_real() {
            match step {
                Step::Create => {
                    self.organization.applications().create(definition).await?;
                }
                Step::Update => {
                    handle.entity().replace(definition).await?;
                }
                Step::Unchanged => {}
            }
        }
        self.add(step, format!("application {name}"));
        for (file, content) in contents {
            let before = match step {
                Step::Create => None,
                Step::Update | Step::Unchanged => found(handle.file_content(file).await)?,
            };
            self.content(name, file, before.as_ref(), content).await?;
        }
        Ok(())
    }

    async fn content(
        &mut self,
        application: &str,
        file: &str,
        before: Option<&Bytes>,
        content: &Bytes,
    ) -> Result<(), Failure> {
        let what = format!("content of {application}/{file} ({} bytes)", content.len());
        let step = match before {
            Some(before) if before == content => Step::Unchanged,
            Some(_) => Step::Update,
            None => Step::Create,
        };
        if self.is_real() && step != Step::Unchanged {
            self.organization.application(application).set_file_content(file, content.clone()).await?;
        }
        self.add(step, what);
        Ok(())
    }

    async fn environment(&mut self, folder: EnvironmentFolder) -> Result<(), Failure> {
        let EnvironmentFolder { name, description, settings, hosts } = folder;
        let handle = self.organization.environment(&name);
        let what = format!("environment {name}");
        match found(handle.entity().get().await)? {
            None => {
                if self.is_real() {
                    let body = json!({ "name": name, "description": description });
                    self.organization.environments().create(&body).await?;
                }
                self.add(Step::Create, what);
            }
            Some(current) if current.description != description => {
                if self.is_real() {
                    let body = json!({ "name": name, "description": description });
                    handle.entity().replace(&body).await?;
                }
                self.add(Step::Update, what);
            }
            Some(_) => self.add(Step::Unchanged, what),
        }
        self.settings(&handle.settings(), &settings, &format!("of environment {name}")).await?;
        for host in hosts {
            Box::pin(self.host(&name, host)).await?;
        }
        Ok(())
    }

    async fn host(&mut self, environment: &str, folder: HostFolder) -> Result<(), Failure> {
        let HostFolder {
            name,
            description,
            platform,
            distribution,
            settings,
            platform_settings,
            applications,
            instance,
        } = folder;
        let handle = self.organization.environment(environment).host(&name);
        let shown = format!("{environment}/{name}");
        let current = found(handle.entity().get().await)?;
        let installed = current.as_ref().map(|host| host.applications.clone()).unwrap_or_default();
        let mut body = json!({ "name": name, "description": description });
        if let Json::Object(fields) = &mut body {
            fields.extend(platform.clone().map(|platform| ("platform".to_owned(), Json::String(platform))));
            fields.extend(distribution.map(|name| ("distribution".to_owned(), Json::String(name))));
        }
        match &current {
            None => {
                if self.is_real() {
                    self.organization.environment(environment).hosts().create(&body).await?;
                }
                self.add(Step::Create, format!("host {shown}"));
            }
            Some(current) => {
                let same_platform = platform.is_none() || platform == current.platform;
                let same = current.description == description && same_platform;
                if !same && self.is_real() {
                    let written = handle.entity().replace(&body).await?;
                    self.report.add_changes(written.changes);
                }
                self.add(if same { Step::Unchanged } else { Step::Update }, format!("host {shown}"));
            }
        }
        self.settings(&handle.settings(), &settings, &format!("of host {shown}")).await?;
        if let Some(settings) = platform_settings.filter(|settings| !settings.is_empty()) {
            let path = handle.platform().path().join("settings");
            let collection = Collection::at(self.session.client.clone(), path);
            self.settings(&collection, &settings, &format!("of the platform of host {shown}")).await?;
        }
        for (application, settings) in applications {
            if installed.contains(&application) {
                let collection = handle.application_settings(&application);
                self.add(Step::Unchanged, format!("application {application} on host {shown}"));
                self.settings(
                    &collection,
                    &settings,
                    &format!("of application {application} on host {shown}"),
                )
                .await?;
            } else {
                if self.is_real() {
                    let settings: Vec<Json> = settings.iter().map(setting_body).collect();
                    let body = json!({ "application": application, "settings": settings });
                    let written = handle.applications().create(&body).await?;
                    self.report.add_changes(written.changes);
                }
                self.add(Step::Create, format!("application {application} on host {shown}"));
            }
        }
        self.instance(&handle.instance(), instance, &shown).await
    }

    async fn instance(
        &mut self,
        entity: &Entity<hostwright_api_types::Instance>,
        instance: Option<Json>,
        shown: &str,
    ) -> Result<(), Failure> {
        let Some(instance) = instance.filter(|_| self.options.with_instances) else { return Ok(()) };
        let is_there = found(entity.get().await)?.is_some_and(|instance| instance.state != "UNDEFINED");
        if !is_there && self.is_real() {
            self.session.client.post::<Json>(&entity.path().join("properties"), &instance).await?;
        }
        self.add(if is_there { Step::Unchanged } else { Step::Create }, format!("machine of host {shown}"));
        Ok(())
    }

    async fn settings(
        &mut self,
        collection: &Collection<Setting>,
        wanted: &[SettingInput],
        of: &str,
    ) -> Result<(), Failure> {
        if wanted.is_empty() {
            return Ok(());
        }
        let current = found(collection.list().await)?.unwrap_or_default();
        let value_of =
            |key: &str| current.iter().find(|setting| setting.key == key).map(|setting| &setting.value);
        let mut different = Vec::new();
        let mut steps = Vec::new();
        for setting in wanted {
            let key = setting.key.clone().unwrap_or_default();
            let step = match value_of(&key) {
                Some(value) if *value == setting.value => Step::Unchanged,
                Some(_) => Step::Update,
                None => Step::Create,
            };
            if step != Step::Unchanged {
                different.push(setting_body(setting));
            }
            steps.push((step, format!("setting {key} {of}")));
        }
        if self.is_real() && !different.is_empty() {
            let path = collection.path().with("no_delete", true);
            let written =
                self.session.client.put::<Json>(&path, &json!({ "newOrUpdatedSettings": different })).await?;
            self.report.add_changes(written.changes);
        }
        for (step, what) in steps {
            self.add(step, what);
        }
        Ok(())
    }
}

fn setting_body(setting: &SettingInput) -> Json {
    let mut body = json!({ "key": setting.key, "value": setting.value });
    if let (Json::Object(fields), Some(schema)) = (&mut body, &setting.schema) {
        fields.insert("schema".into(), schema.clone());
    }
    body
}

/// Turns "not there" into nothing.
fn found<T>(answer: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Compares two applications; a service that says nothing about running means one that runs.
fn is_same(current: &ApplicationInput, wanted: &ApplicationInput) -> bool {
    let plain = |input: &ApplicationInput| {
        let mut input = input.clone();
        input.name = None;
        input.description = Some(input.description.unwrap_or_default());
        for service in &mut input.services {
            service.running = Some(service.running.unwrap_or(true));
        }
        input
    };
    plain(current) == plain(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(value: Json) -> ApplicationInput {
        input::read(value).unwrap()
    }

    #[test]
    fn what_the_server_fills_in_is_no_difference() {
        let current = application(json!({
            "name": "Web", "description": "", "version": 7, "uuid": "x", "services": [{"name": "nginx", "running": true}],
            "users": [], "parameters": [{"key": "a", "name": "a", "description": "", "value": null, "version": 3}],
        }));
        let wanted = application(json!({ "services": [{"name": "nginx"}], "parameters": [{"key": "a"}] }));
        assert!(is_same(&current, &wanted));
        let other = application(
            json!({ "services": [{"name": "nginx", "running": false}], "parameters": [{"key": "a"}] }),
        );
        assert!(!is_same(&current, &other));
    }
}
