//! Drivers.

use hostwright_runtime::Call;
use hostwright_runtime::driver::{Blueprint, InstanceState, Operation};

use crate::guests::guest;
use crate::world::{World, asked};

#[tokio::test]
async fn a_driver_provisions_and_controls_machines() {
    let world = World::new();
    let component = guest("platform");
    let grants = asked(&component);
    let driver = world.runtime.load_driver(component, &grants, world.host.clone()).await.unwrap();
    assert_eq!((driver.platform(), driver.plugin()), ("Imaginary", "test/platform"));
    assert_eq!(driver.describe().operations, [Operation::Provision, Operation::Start, Operation::Destroy]);
    let settings = driver.defaults(&Call::plan()).await.unwrap().settings;
    driver.validate(&Call::plan(), &settings).await.unwrap();
    let blueprint = Blueprint {
        host: "web1".to_owned(),
        uuid: "0".to_owned(),
        organization: "o".to_owned(),
        environment: "e".to_owned(),
        settings: settings.clone(),
        files: Vec::new(),
    };
    let handle = driver.provision(&Call::apply("provision"), &blueprint).await.unwrap();
    assert_eq!(handle, "machine-of-web1");
    assert_eq!(world.machine.lines(), ["Info test/platform 1.0.0: imagining web1"]);
    let instance = driver.inspect(&Call::plan(), &handle, &settings).await.unwrap();
    assert_eq!(instance.state, InstanceState::Running);
    driver.operate(&Call::apply("start"), Operation::Start, &handle, &settings).await.unwrap();
    let failed =
        driver.operate(&Call::apply("pause"), Operation::Pause, &handle, &settings).await.unwrap_err();
    let wrong =
        driver.operate(&Call::apply("images"), Operation::Images, &handle, &settings).await.unwrap_err();
    insta::assert_snapshot!(format!("{failed}\n{wrong}"));
    assert_eq!(driver.discover(&Call::plan(), &settings).await.unwrap()[0].0, handle);
}
