//! Applications: templates of what is on a host.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

use crate::input::{Fields, Request};
use crate::{Handler, Parameter};

/// A template of what is on a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// Its name, unique in the organization.
    pub name: String,
    /// For people.
    pub description: String,
    /// Whose it is.
    pub organization: String,
    /// Its id.
    pub uuid: String,
    /// Rises with every change of it.
    pub version: u64,
    /// Whether changing it is refused.
    pub locked: bool,
    /// Packages that are installed.
    pub packages: Vec<PackageResource>,
    /// Services that run.
    pub services: Vec<ServiceResource>,
    /// Files that are rendered.
    pub files: Vec<FileResource>,
    /// Directories that exist.
    pub directories: Vec<DirectoryResource>,
    /// Resources of collections that plugins of others bring.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<OtherResource>,
    /// Always empty in this version.
    #[schema(value_type = Vec<Object>)]
    pub users: Vec<Json>,
    /// Always empty in this version.
    #[schema(value_type = Vec<Object>)]
    pub groups: Vec<Json>,
    /// Always empty in this version.
    #[schema(value_type = Vec<Object>)]
    pub repositories: Vec<Json>,
    /// Variables with their defaults.
    pub parameters: Vec<Parameter>,
    /// What is done when settings change.
    pub handlers: Vec<Handler>,
    /// Always empty in this version.
    #[schema(value_type = Vec<Object>)]
    pub compatibility: Vec<Json>,
    /// Its entry in the store; there is no store in this version, so this is null, and what follows is empty.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub published_as: Option<Json>,
    /// The entry of the store that it was taken from.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub purchased_as: Option<Json>,
    /// Whether the store has a newer version of it.
    #[serde(default)]
    pub can_pull: bool,
    /// Whether the store has an older version of it.
    #[serde(default)]
    pub can_push: bool,
    /// Where more is said of it.
    #[serde(default)]
    pub url: String,
    /// For people who want to use it.
    #[serde(default)]
    pub documentation: String,
    /// Under what it may be used.
    #[serde(default)]
    pub license: String,
    /// What it costs.
    #[serde(default)]
    pub price: String,
}

/// A package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PackageResource {
    /// Its name, optionally `name:architecture`.
    pub name: String,
    /// Exactly this version; any if not given. May be a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether it is kept from being upgraded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<bool>,
}

/// A service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceResource {
    /// Its name.
    pub name: String,
    /// Whether it is started at boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether it runs; it does if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
}

/// A file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileResource {
    /// By which handlers and the API call it.
    pub name: String,
    /// Where it is on the host, absolute. May be a template.
    pub path: String,
    /// Who owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Its group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Three or four octal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// How its content is written.
    #[serde(default)]
    pub template: FileTemplate,
}

/// How the content of a file is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileTemplate {
    /// Its name: that of the file.
    #[serde(default)]
    pub name: String,
    /// What encloses a variable.
    #[serde(default)]
    pub delimiter: Delimiter,
}

/// What encloses a variable in a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delimiter {
    /// Before it.
    pub start: String,
    /// After it.
    pub end: String,
    /// What begins a block such as `if`; the default depends on `start`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_start: Option<String>,
    /// What ends a block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_end: Option<String>,
    /// What begins a comment; there are none if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment_start: Option<String>,
    /// What ends a comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment_end: Option<String>,
}

impl Default for Delimiter {
    fn default() -> Self {
        Self {
            start: "${".into(),
            end: "}".into(),
            block_start: None,
            block_end: None,
            comment_start: None,
            comment_end: None,
        }
    }
}

/// A directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DirectoryResource {
    /// By which the API calls it.
    pub name: String,
    /// Where it is on the host, absolute. May be a template.
    pub path: String,
    /// Who owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Its group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Three or four octal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

/// A resource of a collection that a plugin of somebody else brings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OtherResource {
    /// `publisher.name`.
    pub collection: String,
    /// As its provider knows it. May be a template.
    pub id: String,
    /// As its provider understands them. Every text in them may be a template.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub attributes: Map<String, Json>,
}

/// An application as it is created or replaced. What is not given is empty; the contents of files that stay are kept.
#[derive(Clone, Debug, Default, PartialEq, ToSchema)]
pub struct ApplicationInput {
    /// Required when it is created; another one renames it.
    pub name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Packages that are installed.
    pub packages: Vec<PackageResource>,
    /// Services that run.
    pub services: Vec<ServiceResource>,
    /// Files that are rendered.
    pub files: Vec<FileResource>,
    /// Directories that exist.
    pub directories: Vec<DirectoryResource>,
    /// Resources of collections that plugins of others bring.
    pub resources: Vec<OtherResource>,
    /// Variables with their defaults.
    pub parameters: Vec<Parameter>,
    /// What is done when settings change.
    pub handlers: Vec<Handler>,
}

impl Request for ApplicationInput {
    fn read(fields: &mut Fields<'_>) -> Self {
        let input = Self {
            name: fields.optional_text("name"),
            description: fields.optional_text("description"),
            packages: fields.list("packages").unwrap_or_default(),
            services: fields.list("services").unwrap_or_default(),
            files: fields.list("files").unwrap_or_default(),
            directories: fields.list("directories").unwrap_or_default(),
            resources: fields.list("resources").unwrap_or_default(),
            parameters: fields.list("parameters").unwrap_or_default(),
            handlers: fields.list("handlers").unwrap_or_default(),
        };
        fields.read_only(&[
            "uuid",
            "version",
            "organization",
            "locked",
            "publishedAs",
            "purchasedAs",
            "canPull",
            "canPush",
            "price",
        ]);
        fields.not_built(&[
            "users",
            "groups",
            "repositories",
            "rpmmodules",
            "rpmModules",
            "gits",
            "compatibility",
            "url",
            "documentation",
            "license",
            "thumb",
        ]);
        input
    }
}

impl Request for PackageResource {
    fn read(fields: &mut Fields<'_>) -> Self {
        let package = Self {
            name: fields.text("name"),
            version: fields.optional_text_or_number("version").filter(|version| !version.is_empty()),
            hold: fields.flag("hold"),
        };
        fields.read_only(&["uuid"]);
        fields.not_built(&["properties"]);
        package
    }
}

impl Request for ServiceResource {
    fn read(fields: &mut Fields<'_>) -> Self {
        let service = Self {
            name: fields.text("name"),
            enabled: fields.flag("enabled"),
            running: fields.flag("running"),
        };
        fields.read_only(&["uuid", "version"]);
        service
    }
}

impl Request for FileResource {
    fn read(fields: &mut Fields<'_>) -> Self {
        let name = fields.text("name");
        let path = fields.text("path");
        let owner = not_empty(fields.optional_text("owner"));
        let group = not_empty(fields.optional_text("group"));
        let mode = not_empty(fields.optional_text_or_number("mode"));
        let template = fields.object::<FileTemplate>("template");
        fields.read_only(&["uuid", "version"]);
        let mut template = template.unwrap_or_default();
        if template.name.is_empty() {
            template.name.clone_from(&name);
        }
        Self { name, path, owner, group, mode, template }
    }
}

impl Request for FileTemplate {
    fn read(fields: &mut Fields<'_>) -> Self {
        let template = Self {
            name: fields.optional_text("name").unwrap_or_default(),
            delimiter: fields.object("delimiter").unwrap_or_default(),
        };
        fields.read_only(&["uuid", "version"]);
        template
    }
}

impl Request for Delimiter {
    fn read(fields: &mut Fields<'_>) -> Self {
        let default = Self::default();
        Self {
            start: fields.optional_text("start").unwrap_or(default.start),
            end: fields.optional_text("end").unwrap_or(default.end),
            block_start: fields.optional_text("blockStart"),
            block_end: fields.optional_text("blockEnd"),
            comment_start: fields.optional_text("commentStart"),
            comment_end: fields.optional_text("commentEnd"),
        }
    }
}

impl Request for DirectoryResource {
    fn read(fields: &mut Fields<'_>) -> Self {
        let directory = Self {
            name: fields.text("name"),
            path: fields.text("path"),
            owner: not_empty(fields.optional_text("owner")),
            group: not_empty(fields.optional_text("group")),
            mode: not_empty(fields.optional_text_or_number("mode")),
        };
        fields.read_only(&["uuid", "version"]);
        directory
    }
}

impl Request for OtherResource {
    fn read(fields: &mut Fields<'_>) -> Self {
        let collection = fields.text("collection");
        let id = fields.text("id");
        let attributes = match fields.document("attributes") {
            None => Map::new(),
            Some(Json::Object(attributes)) => attributes,
            Some(_) => {
                fields.problem("attributes", "must be an object");
                Map::new()
            }
        };
        Self { collection, id, attributes }
    }
}

fn not_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use insta::{assert_json_snapshot, assert_snapshot};
    use serde_json::json;

    use super::*;
    use crate::input::read;

    #[test]
    fn the_reference_shape_is_accepted_and_comes_back() {
        let input: ApplicationInput = read(json!({
            "name":"Web Server","description":"","organization":"Demo","uuid":"x","version":12,"locked":false,
            "packages":[{"name":"httpd"}],
            "services":[{"name":"httpd","enabled":true}],
            "files":[{"name":"httpd.conf","path":"/etc/httpd/conf/httpd.conf","owner":"root","group":"root","mode":"644",
                      "template":{"name":"httpd.conf","delimiter":{"start":"${","end":"}"}}}],
            "directories":[{"name":"etc","path":"/etc/ceph/","owner":"root","group":"root","mode":"755"}],
            "users":[],"groups":[],"repositories":[],
            "parameters":[{"name":"Port","description":"","key":"httpd_port","value":80,"schema":{"type":"integer"},"version":1}],
            "handlers":[{"name":"reconf","on":["httpd_port"],
                         "do":[{"action":"update","resource":"file://httpd.conf"},{"action":"restart","resource":"service://httpd"}]}],
            "compatibility":[],"publishedAs":{"uuid":"y","version":3},"purchasedAs":null,"canPull":true,"canPush":false,
            "url":"","documentation":"","license":"","price":"9.50",
        }))
        .unwrap();
        assert_json_snapshot!(input.files, @r#"
        [
          {
            "name": "httpd.conf",
            "path": "/etc/httpd/conf/httpd.conf",
            "owner": "root",
            "group": "root",
            "mode": "644",
            "template": {
              "name": "httpd.conf",
              "delimiter": {
                "start": "${",
                "end": "}"
              }
            }
          }
        ]
        "#);
        assert_eq!(input.handlers[0].actions[1].resource.as_deref(), Some("service://httpd"));
        assert_eq!(input.parameters[0].value, json!(80));
    }

    #[test]
    fn what_is_not_built_is_refused_unless_empty() {
        let problems = read::<ApplicationInput>(json!({
            "name":"a", "users":[{"name":"wp"}], "gits":[{"name":"x"}], "license":"GPL",
            "services":[{"name":"httpd","enable":true}],
        }))
        .unwrap_err();
        assert_snapshot!(problems, @"unknown field `enable`, the nearest known field is `enabled` (at /services/0/enable); `users` is not supported yet: leave it out or empty (at /users); `gits` is not supported yet: leave it out or empty (at /gits); `license` is not supported yet: leave it out or empty (at /license)");
    }
}
