//! What `wit-bindgen` makes of `wit/v0.1`. Never part of the SDK's interface; it is public only because the registration
//! macros expand in the plugin's crate.

/// The world of providers, and with it the host's interfaces.
#[doc(hidden)]
#[expect(clippy::same_length_and_capacity, reason = "generated: lists cross as pointer and length")]
pub mod provider {
    wit_bindgen::generate!({
        path: ["../../wit/v0.1/host", "../../wit/v0.1/provider"],
        world: "hostwright:provider/provider",
        pub_export_macro: true,
        export_macro_name: "export_provider_component",
        generate_all,
    });
}

/// The world of drivers, on the same host interfaces.
#[doc(hidden)]
#[expect(clippy::same_length_and_capacity, reason = "generated: lists cross as pointer and length")]
pub mod driver {
    wit_bindgen::generate!({
        path: ["../../wit/v0.1/host", "../../wit/v0.1/driver"],
        world: "hostwright:driver/driver",
        pub_export_macro: true,
        export_macro_name: "export_driver_component",
        with: {
            "hostwright:host/types@0.1.0": crate::bindings::provider::hostwright::host::types,
            "hostwright:host/exec@0.1.0": crate::bindings::provider::hostwright::host::exec,
            "hostwright:host/files@0.1.0": crate::bindings::provider::hostwright::host::files,
            "hostwright:host/log@0.1.0": crate::bindings::provider::hostwright::host::log,
            "hostwright:host/secrets@0.1.0": crate::bindings::provider::hostwright::host::secrets,
        },
        generate_all,
    });
}
