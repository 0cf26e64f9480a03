//! Registers a plugin with the component's exports.
//!
//! The attributes here leave the `impl` as it is and add the one line that registers its type; they generate no
//! behaviour. Use them through `hostwright-sdk`.

#![deny(missing_docs)]

use proc_macro::TokenStream;
use quote::quote;
use syn::{ItemImpl, parse_macro_input, spanned::Spanned};

/// Put on `impl Provider for X`: registers `X` as the provider that this component exports.
///
/// The same as `hostwright_sdk::export_provider!(X)` after it.
#[proc_macro_attribute]
pub fn provider(arguments: TokenStream, item: TokenStream) -> TokenStream {
    register(&arguments, item, "Provider", &quote!(export_provider))
}

/// Put on `impl Driver for X`: registers `X` as the driver that this component exports.
///
/// The same as `hostwright_sdk::export_driver!(X)` after it.
#[proc_macro_attribute]
pub fn driver(arguments: TokenStream, item: TokenStream) -> TokenStream {
    register(&arguments, item, "Driver", &quote!(export_driver))
}

fn register(
    arguments: &TokenStream,
    item: TokenStream,
    expected: &str,
    export: &proc_macro2::TokenStream,
) -> TokenStream {
    let item = parse_macro_input!(item as ItemImpl);
    if !arguments.is_empty() {
        return refuse(&item, "this attribute takes no arguments");
    }
    let is_expected = item
        .trait_
        .as_ref()
        .and_then(|(_, path, _)| path.segments.last())
        .is_some_and(|last| last.ident == expected);
    if !is_expected {
        return refuse(&item, &format!("put this attribute on `impl {expected} for ...`"));
    }
    let registered = &item.self_ty;
    quote! {
        #item
        ::hostwright_sdk::#export!(#registered);
    }
    .into()
}

fn refuse(item: &ItemImpl, message: &str) -> TokenStream {
    let error = syn::Error::new(item.impl_token.span(), message).to_compile_error();
    quote!(#error #item).into()
}
