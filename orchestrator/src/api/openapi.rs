//! The description of the API, from the code.

use hostwright_api_types::{ErrorBody, ErrorItem};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required, ResponseBuilder,
    Type,
};
use utoipa::{PartialSchema as _, ToSchema as _};

/// Completes the description with what all operations have in common, and writes it down.
pub(super) fn document(description: OpenApi) -> String {
    serde_json::to_string_pretty(&complete(description)).unwrap_or_default()
}

/// Adds names in paths, the body of errors and the ways to log in.
pub(super) fn complete(mut description: OpenApi) -> OpenApi {
    description.info = InfoBuilder::new()
        .title("Hostwright")
        .version("1")
        .description(Some(
            "Builds and keeps hosts from blueprints. Additive only: what works now keeps working.",
        ))
        .build();
    description.servers = None;
    let components = description.components.get_or_insert_with(Components::new);
    components.schemas.insert(ErrorBody::name().into_owned(), ErrorBody::schema());
    components.schemas.insert(ErrorItem::name().into_owned(), ErrorItem::schema());
    components.add_security_scheme("basic", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)));
    components.add_security_scheme("key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    let scopes: [&str; 0] = [];
    description.security =
        Some(vec![SecurityRequirement::new("basic", scopes), SecurityRequirement::new("key", scopes)]);
    for (path, item) in &mut description.paths.paths {
        let names = names(path);
        for operation in operations(item) {
            complete_operation(operation, &names);
        }
    }
    description
}

/// Returns the operations of a path.
pub(super) fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, .. } = item;
    [get, put, post, delete].into_iter().flatten()
}

fn complete_operation(operation: &mut Operation, names: &[String]) {
    let parameters = operation.parameters.get_or_insert_default();
    for (index, name) in names.iter().enumerate() {
        parameters.insert(index, path_parameter(name));
    }
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ErrorBody::name()))).build();
    let error = ResponseBuilder::new()
        .description("It is refused, or there is a fault")
        .content(super::error::PROBLEM, content)
        .build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(error));
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            "It is done".clone_into(&mut response.description);
        }
    }
}

fn path_parameter(name: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .build()
}

fn names(path: &str) -> Vec<String> {
    path.split('/')
        .filter_map(|segment| Some(segment.strip_prefix('{')?.strip_suffix('}')?.to_owned()))
        .collect()
}
