//! The real component in the real runtime.

use std::sync::Arc;

use hostwright_runtime::driver::{Blueprint, InstanceState, Operation};
use hostwright_runtime::provider::ProviderError;
use hostwright_runtime::{Call, CallError};
use hostwright_testkit::{Bench, FakeMachine, component};

#[tokio::test]
async fn a_machine_is_awaited_and_nothing_is_done_to_it() {
    let component = component(env!("CARGO_MANIFEST_DIR")).unwrap();
    let machine = Arc::new(FakeMachine::new());
    let driver = Bench::of(component, machine).unwrap().load_driver().await.unwrap();
    assert_eq!(driver.describe().name, "Manual");
    assert_eq!(driver.describe().operations, [Operation::Provision, Operation::Destroy]);
    let blueprint = Blueprint {
        host: "web1".into(),
        uuid: "0198c0de".into(),
        organization: "acme".into(),
        environment: "production".into(),
        settings: vec![("http_port".into(), "8080".into())],
        files: Vec::new(),
    };
    let call = Call::apply("provision");
    let handle = driver.provision(&call, &blueprint).await.unwrap();
    assert_eq!(handle, "0198c0de");
    let settings = Vec::new();
    let instance = driver.inspect(&call, &handle, &settings).await.unwrap();
    assert_eq!(instance.state, InstanceState::Pending);
    assert_eq!(instance.waiting_for.as_deref(), Some("an agent to enrol with a token of this host"));
    let refused = driver.operate(&call, Operation::Start, &handle, &settings).await.unwrap_err();
    assert!(
        matches!(refused, CallError::Refused(ProviderError::Unsupported(why)) if why.contains("cannot start"))
    );
    driver.operate(&call, Operation::Destroy, &handle, &settings).await.unwrap();
}
