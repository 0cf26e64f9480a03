//! Reading a folder, and finding every mistake in it.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use hostwright_api_types::input::{self, Problems, Request};
use hostwright_api_types::{
    ApplicationContextInput, ApplicationInput, EnvironmentInput, HostInput, InstancePropertiesInput,
    OrganizationInput, PlatformContextInput, SettingInput,
};
use serde_json::Value as Json;

use crate::failure::Failure;

/// Everything that a folder describes.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// The organization, unless the folder is that of an application.
    pub(super) organization: Option<OrganizationFolder>,
    /// Applications.
    pub(super) applications: Vec<ApplicationFolder>,
    /// Environments with their hosts.
    pub(super) environments: Vec<EnvironmentFolder>,
}

/// An organization's own definition.
#[derive(Debug)]
pub(super) struct OrganizationFolder {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) settings: Vec<SettingInput>,
}

/// An application with the templates of its files.
#[derive(Debug)]
pub(super) struct ApplicationFolder {
    pub(super) name: String,
    /// As it is written, to be sent.
    pub(super) definition: Json,
    /// As it is understood, to be compared.
    pub(super) input: ApplicationInput,
    /// By name of the file, in the order of the definition.
    pub(super) contents: Vec<(String, Bytes)>,
}

/// An environment with its hosts.
#[derive(Debug)]
pub(super) struct EnvironmentFolder {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) settings: Vec<SettingInput>,
    pub(super) hosts: Vec<HostFolder>,
}

/// A host with what is on it.
#[derive(Debug)]
pub(super) struct HostFolder {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) platform: Option<String>,
    pub(super) distribution: Option<String>,
    pub(super) settings: Vec<SettingInput>,
    pub(super) platform_settings: Option<Vec<SettingInput>>,
    pub(super) applications: Vec<(String, Vec<SettingInput>)>,
    pub(super) instance: Option<Json>,
}

/// Reads a folder. Every mistake in it is found, not only the first.
pub(super) fn read(directory: &Path) -> Result<Folder, Failure> {
    let mut reader = Reader { base: directory.to_owned(), ..Reader::default() };
    if !directory.is_dir() {
        return Err(Failure::usage(format!("{} is not a folder", directory.display())));
    }
    let is_organization =
        ["applications", "environments", "platforms"].iter().any(|part| directory.join(part).is_dir());
    let folder = if is_organization {
        reader.organization(directory)
    } else {
        Folder { applications: reader.application(directory).into_iter().collect(), ..Folder::default() }
    };
    reader.finish(directory)?;
    Ok(folder)
}

#[derive(Debug, Default)]
struct Reader {
    /// The folder that is applied.
    base: PathBuf,
    mistakes: Vec<String>,
}

impl Reader {
    fn finish(self, directory: &Path) -> Result<(), Failure> {
        if self.mistakes.is_empty() {
            return Ok(());
        }
        let mistakes = self.mistakes.join("\n  ");
        Err(Failure::usage(format!("{} cannot be applied:\n  {mistakes}", directory.display())))
    }

    fn organization(&mut self, directory: &Path) -> Folder {
        let definition = directory.join("definition.json");
        let input = if definition.exists() { self.parse::<OrganizationInput>(&definition) } else { None };
        let input = input.map(|(_, input)| input).unwrap_or_default();
        let organization = OrganizationFolder {
            name: input.name.unwrap_or_else(|| name_of(directory)),
            description: input.description.unwrap_or_default(),
            settings: input.settings.unwrap_or_default(),
        };
        let applications = self
            .folders(&directory.join("applications"))
            .iter()
            .filter_map(|path| self.application(path))
            .collect();
        let environments =
            self.folders(&directory.join("environments")).iter().map(|path| self.environment(path)).collect();
        Folder { organization: Some(organization), applications, environments }
    }

    fn application(&mut self, directory: &Path) -> Option<ApplicationFolder> {
        let path = directory.join("definition.json");
        let (mut definition, input) = self.parse::<ApplicationInput>(&path)?;
        let name = input.name.clone().unwrap_or_else(|| name_of(directory));
        if let Json::Object(fields) = &mut definition {
            fields.insert("name".into(), Json::String(name.clone()));
        }
        let contents = self.contents(&directory.join("files"), &input);
        Some(ApplicationFolder { name, definition, input, contents })
    }

    fn contents(&mut self, directory: &Path, input: &ApplicationInput) -> Vec<(String, Bytes)> {
        let mut present = self.entries(directory);
        let mut contents = Vec::new();
        for file in &input.files {
            let path = directory.join(&file.name);
            present.retain(|other| *other != path);
            if !is_below(&path, &self.base) {
                self.mistakes
                    .push(format!("{}: it lies outside of the folder that is applied", path.display()));
                continue;
            }
            match fs::read(&path) {
                Ok(content) => contents.push((file.name.clone(), content.into())),
                Err(error) => self.mistakes.push(format!("{}: {error}", path.display())),
            }
        }
        for stray in present {
            self.mistakes.push(format!("{}: no file of the application has this name", stray.display()));
        }
        contents
    }

    fn environment(&mut self, directory: &Path) -> EnvironmentFolder {
        let definition = directory.join("definition.json");
        let input = if definition.exists() { self.parse::<EnvironmentInput>(&definition) } else { None };
        let input = input.map(|(_, input)| input).unwrap_or_default();
        EnvironmentFolder {
            name: input.name.unwrap_or_else(|| name_of(directory)),
            description: input.description.unwrap_or_default(),
            settings: input.settings.unwrap_or_default(),
            hosts: self.folders(&directory.join("hosts")).iter().map(|path| self.host(path)).collect(),
        }
    }

    fn host(&mut self, directory: &Path) -> HostFolder {
        let definition = directory.join("definition.json");
        let input = if definition.exists() { self.parse::<HostInput>(&definition) } else { None };
        let input = input.map(|(_, input)| input).unwrap_or_default();
        let platform = self.optional::<PlatformContextInput>(&directory.join("platform.json"));
        let instance = directory.join("instance.json");
        let instance =
            if instance.exists() { self.parse::<InstancePropertiesInput>(&instance) } else { None };
        let mut applications: Vec<(String, Vec<SettingInput>)> = Vec::new();
        let files = self.entries(&directory.join("applications"));
        for path in
            files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        {
            if let Some((_, context)) = self.parse::<ApplicationContextInput>(&path) {
                let name = context.application.unwrap_or_else(|| stem_of(&path));
                applications.push((name, context.settings.unwrap_or_default()));
            }
        }
        // The definition tells the order, a file for each tells the settings.
        let order = input.applications.unwrap_or_default();
        for name in &order {
            if !applications.iter().any(|(known, _)| known == name) {
                applications.push((name.clone(), Vec::new()));
            }
        }
        applications
            .sort_by_key(|(name, _)| order.iter().position(|wanted| wanted == name).unwrap_or(usize::MAX));
        HostFolder {
            name: input.name.unwrap_or_else(|| name_of(directory)),
            description: input.description.unwrap_or_default(),
            platform: platform.as_ref().and_then(|context| context.platform.clone()).or(input.platform),
            distribution: input.distribution,
            settings: input.settings.unwrap_or_default(),
            platform_settings: platform.and_then(|context| context.settings),
            applications,
            instance: instance.map(|(definition, _)| definition),
        }
    }

    fn optional<T: Request>(&mut self, path: &Path) -> Option<T> {
        if path.exists() { self.parse(path).map(|(_, input)| input) } else { None }
    }

    fn parse<T: Request>(&mut self, path: &Path) -> Option<(Json, T)> {
        let parsed = fs::read(path).map_err(|error| error.to_string()).and_then(|text| {
            let value: Json =
                serde_json::from_slice(&text).map_err(|error| format!("is not JSON: {error}"))?;
            let input = input::read(value.clone()).map_err(|problems: Problems| problems.to_string())?;
            Ok((value, input))
        });
        parsed.map_err(|mistake| self.mistakes.push(format!("{}: {mistake}", path.display()))).ok()
    }

    fn folders(&mut self, directory: &Path) -> Vec<PathBuf> {
        self.entries(directory).into_iter().filter(|path| path.is_dir()).collect()
    }

    /// Returns what is in a folder, in the order of names; nothing if it is not there.
    fn entries(&mut self, directory: &Path) -> Vec<PathBuf> {
        if !directory.is_dir() {
            return Vec::new();
        }
        match fs::read_dir(directory).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
            Ok(entries) => {
                let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
                paths.sort();
                paths
            }
            Err(error) => {
                self.mistakes.push(format!("{}: {error}", directory.display()));
                Vec::new()
            }
        }
    }
}

/// Returns whether a path, links followed, lies below the directory: a folder from elsewhere must not upload files of
/// whoever applies it. What is not there is no danger, and said by whoever reads it.
fn is_below(path: &Path, directory: &Path) -> bool {
    match (path.canonicalize(), directory.canonicalize()) {
        (Ok(path), Ok(directory)) => path.starts_with(directory),
        _ => true,
    }
}

fn name_of(directory: &Path) -> String {
    let absolute = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    absolute.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn stem_of(path: &Path) -> String {
    path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(directory: &Path, path: &str, content: &str) {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[test]
    fn an_organization_is_read_with_everything_in_it() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path();
        write(base, "definition.json", r#"{"name":"Demo","settings":[{"key":"a","value":1}]}"#);
        write(
            base,
            "applications/Web Server/definition.json",
            r#"{"files":[{"name":"a.conf","path":"/etc/a.conf"}]}"#,
        );
        write(base, "applications/Web Server/files/a.conf", "port ${port}\n");
        write(base, "environments/prod/hosts/web1/definition.json", r#"{"applications":["Second","First"]}"#);
        write(base, "environments/prod/hosts/web1/platform.json", r#"{"platform":"Manual"}"#);
        write(
            base,
            "environments/prod/hosts/web1/applications/First.json",
            r#"{"settings":[{"key":"b","value":2}]}"#,
        );

        let folder = read(base).unwrap();
        assert_eq!(folder.organization.unwrap().name, "Demo");
        assert_eq!(folder.applications[0].name, "Web Server");
        assert_eq!(folder.applications[0].contents[0].1, "port ${port}\n");
        let host = &folder.environments[0].hosts[0];
        assert_eq!((host.name.as_str(), host.platform.as_deref()), ("web1", Some("Manual")));
        let names: Vec<&str> = host.applications.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Second", "First"]);
        assert_eq!(host.applications[1].1[0].key.as_deref(), Some("b"));
    }

    #[test]
    fn every_mistake_is_found_before_anything_is_sent() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path();
        write(
            base,
            "definition.json",
            r#"{"name":"App","fliles":[],"files":[{"name":"a.conf","path":"/a"}]}"#,
        );
        write(base, "files/b.conf", "");
        let text = read(base).unwrap_err().lines().0.join("\n");
        assert!(text.contains("the nearest known field is `files` (at /fliles)"), "{text}");

        write(base, "definition.json", r#"{"name":"App","files":[{"name":"a.conf","path":"/a"}]}"#);
        let text = read(base).unwrap_err().lines().0.join("\n");
        assert!(text.contains("a.conf: No such file"), "{text}");
        assert!(text.contains("b.conf: no file of the application has this name"), "{text}");
    }

    #[test]
    fn nothing_from_outside_of_the_folder_is_taken() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().join("applied");
        write(directory.path(), "secret", "of the person");
        write(&base, "common", "of the folder");
        let definition =
            |name: &str| format!(r#"{{"name":"App","files":[{{"name":"{name}","path":"/a"}}]}}"#);
        write(&base, "definition.json", &definition("link"));
        fs::create_dir_all(base.join("files")).unwrap();
        std::os::unix::fs::symlink("../../secret", base.join("files/link")).unwrap();
        let text = read(&base).unwrap_err().lines().0.join("\n");
        assert!(text.contains("link: it lies outside of the folder that is applied"), "{text}");

        fs::remove_file(base.join("files/link")).unwrap();
        std::os::unix::fs::symlink("../common", base.join("files/link")).unwrap();
        assert_eq!(read(&base).unwrap().applications[0].contents[0].1, "of the folder");
        fs::remove_file(base.join("files/link")).unwrap();
        write(&base, "definition.json", &definition("../../secret"));
        let text = read(&base).unwrap_err().lines().0.join("\n");
        assert!(text.contains("it lies outside"), "{text}");
    }
}
