//! Entries of the table as types, so that a handler's signature names the one it needs.

use super::table::{Kind, Verb};

/// An entry of the table.
pub(crate) trait Right: Send + Sync + 'static {
    /// What is done.
    const VERB: Verb;
    /// With what.
    const KIND: Kind;
}

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident = $verb:ident $kind:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub(crate) struct $name;

            impl Right for $name {
                const VERB: Verb = Verb::$verb;
                const KIND: Kind = Kind::$kind;
            }
        )*
    };
}

rights! {
    /// To look at the organization.
    ReadOrganization = Read Organization;
    /// To change or delete the organization.
    WriteOrganization = Write Organization;
    /// To look at environments.
    ReadEnvironments = Read Environment;
    /// To make, change or delete environments.
    WriteEnvironments = Write Environment;
    /// To look at hosts, contexts and changes.
    ReadHosts = Read Host;
    /// To make, change or delete hosts, contexts and changes.
    WriteHosts = Write Host;
    /// To have something done on a host.
    ActOnHosts = Act Host;
    /// To look at instances.
    ReadInstances = Read Instance;
    /// To attach or remove instances.
    WriteInstances = Write Instance;
    /// To provision or control instances.
    ActOnInstances = Act Instance;
    /// To look at settings.
    ReadSettings = Read Setting;
    /// To make, change or delete settings.
    WriteSettings = Write Setting;
    /// To look at applications.
    ReadApplications = Read Application;
    /// To make, change or delete applications.
    WriteApplications = Write Application;
    /// To look at platforms.
    ReadPlatforms = Read Platform;
    /// To change platforms and their settings.
    WritePlatforms = Write Platform;
    /// To look at distributions.
    ReadDistributions = Read Distribution;
    /// To look at alerts.
    ReadCompliance = Read Compliance;
    /// To dismiss alerts.
    WriteCompliance = Write Compliance;
    /// To have everything sent again.
    ActOnCompliance = Act Compliance;
    /// To look at enrolment tokens.
    ReadEnrolmentTokens = Read EnrolmentToken;
    /// To make or delete enrolment tokens.
    WriteEnrolmentTokens = Write EnrolmentToken;
    /// To look at agents.
    ReadAgents = Read Agent;
    /// To revoke agents.
    WriteAgents = Write Agent;
    /// To look at plugins that the organization uses.
    ReadActivations = Read Activation;
    /// To activate or deactivate plugins.
    WriteActivations = Write Activation;
    /// To look at API keys.
    ReadApiKeys = Read ApiKey;
    /// To make or delete API keys.
    WriteApiKeys = Write ApiKey;
    /// To look at what happened.
    ReadEvents = Read Event;
}
