//! What is generated from `wit/v0.1`.

pub(super) mod provider {
    wasmtime::component::bindgen!({
        path: ["../wit/v0.1/host", "../wit/v0.1/provider"],
        world: "hostwright:provider/provider",
        imports: { default: async | trappable },
        exports: { default: async },
    });
}

pub(super) mod driver {
    wasmtime::component::bindgen!({
        path: ["../wit/v0.1/host", "../wit/v0.1/driver"],
        world: "hostwright:driver/driver",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "hostwright:host/types": super::provider::hostwright::host::types,
            "hostwright:host/exec": super::provider::hostwright::host::exec,
            "hostwright:host/files": super::provider::hostwright::host::files,
            "hostwright:host/log": super::provider::hostwright::host::log,
            "hostwright:host/secrets": super::provider::hostwright::host::secrets,
        },
    });
}
