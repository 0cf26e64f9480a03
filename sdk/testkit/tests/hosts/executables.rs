//! Scripts, run by the host's own accounts.

use hostwright_runtime::machine::Request;
use hostwright_testkit::laws;
use hostwright_tests::hosts;
use serde_json::json;

use super::Served;

const SCRIPT: &str = "/srv/run";
const TEXT: &str = "#!/bin/sh\necho \"$(id -un) $*\" >> /var/tmp/ran\n";

#[tokio::test]
async fn a_script_is_begun_at_most_once_wherever_the_way_to_the_machine_breaks() {
    if !hosts::available() {
        return;
    }
    let served = Served::boot("scripts", |tree| tree.write(SCRIPT, TEXT).unwrap());
    served.shell(&format!("chmod 755 {SCRIPT}"));
    let bench = served.bench("executables").await;
    bench.store.deliver_script(SCRIPT, TEXT.as_bytes());
    let attributes = json!({"user": "nobody", "arguments": ["with", "two words"]});
    let is_beginning = |request: &Request| matches!(request, Request::RunScript(_));
    let report = laws::begun_at_most_once(&bench, SCRIPT, "execute", &attributes, is_beginning).await;
    report.assert_kept();
    let ran = served.shell("cat /var/tmp/ran");
    assert!(ran.lines().all(|line| line == "nobody with two words"), "{ran}");
    assert!((1..=report.checked).contains(&ran.lines().count()), "{} attempts:\n{ran}", report.checked);
    served.put_away();
}

#[tokio::test]
async fn a_run_that_is_asked_for_again_is_the_same_run() {
    if !hosts::available() {
        return;
    }
    let served = Served::boot("scripts", |tree| tree.write(SCRIPT, TEXT).unwrap());
    served.shell(&format!("chmod 755 {SCRIPT}"));
    let bench = served.bench("executables").await;
    bench.store.deliver_script(SCRIPT, TEXT.as_bytes());
    let run = super::fresh_run();
    for _ in 0..3 {
        let performed = bench.provider.perform(&run, SCRIPT, "execute", r#"{"arguments": ["once"]}"#).await;
        assert!(performed.unwrap().changed);
    }
    assert_eq!(served.shell("cat /var/tmp/ran"), "root once\n");
    served.put_away();
}
