use hostwright_protocol::messages::{Operation, ToAgent};

use crate::operations::{OperationError, alerts, application_files, changes, contexts, rendered_files};
use crate::testing::{TestSystem, eventually};

#[tokio::test]
async fn on_paper_nothing_is_sent_and_enrolment_sends_it_all() {
    let system = TestSystem::start().await;
    system.define_host("web1").await;
    assert!(system.install("web1").await.is_none(), "there is no machine yet");
    assert!(system.changes("web1").await.is_empty());
    assert_eq!(system.host_state("web1").await, "DEFINED");

    let token = system.token(Some("web1")).await;
    let mut agent = crate::testing::ScriptedAgent::enrol(&system, &token).await.unwrap();
    assert_eq!(system.host_state("web1").await, "UPDATING");
    agent.connect(&system).await;
    agent.expect_activation().await;
    let change = agent.expect_change().await;
    let tasks: Vec<_> = change.tasks.iter().map(|task| task.description.as_str()).collect();
    assert_eq!(
        tasks,
        ["add package nginx-light", "add file site.conf", "add file index.html", "add service nginx"]
    );
    assert_eq!((change.follows, change.generation), (0, 1));
    agent.carry_out(&change).await;
    eventually("web1 is ready", async || system.host_state("web1").await == "READY").await;
    assert_eq!(system.change_states("web1").await, [("DONE".to_owned(), 4)]);
}

#[tokio::test]
async fn an_agent_is_given_the_content_it_was_told_of_and_nothing_else() {
    use base64::Engine as _;
    use hostwright_protocol::messages::{Fetch, ToOrchestrator};

    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    system.install("web1").await.unwrap();
    let change = agent.expect_change().await;
    let Operation::Apply { attributes, .. } = &change.tasks[1].operation else { panic!() };
    let digest = attributes["content"]["$hostwright"]["blob"].as_str().unwrap().to_owned();
    agent.say(&ToOrchestrator::Fetch(Fetch { digest, offset: 0 })).await;
    let ToAgent::Chunk(chunk) = agent.next().await else { panic!() };
    let content = base64::engine::general_purpose::STANDARD.decode(chunk.data).unwrap();
    assert_eq!(String::from_utf8(content).unwrap(), "listen 8080;\nadd_header X-Served-By web1;\n");

    // The template itself is content of the organization, too, but not for machines.
    let template = template_digest(&system).await;
    agent.say(&ToOrchestrator::Fetch(Fetch { digest: template, offset: 0 })).await;
    assert!(matches!(agent.next().await, ToAgent::NoSuchBlob(_)));
}

async fn template_digest(system: &TestSystem) -> String {
    let mut work = system.work().await;
    let (application, file) = ("Web Server".parse().unwrap(), "site.conf".parse().unwrap());
    let file =
        application_files::find_file(&mut work, &system.organization, &application, &file).await.unwrap();
    file.template.content.unwrap().to_string()
}

#[tokio::test]
async fn an_application_that_leaves_is_gone_when_its_removal_is_done() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    system.install("web1").await.unwrap();
    let change = agent.expect_change().await;
    agent.carry_out(&change).await;

    system.uninstall("web1").await.unwrap();
    let removal = agent.expect_change().await;
    assert!(removal.tasks.iter().all(|task| matches!(task.operation, Operation::Remove { .. })));
    let installed = async || {
        let mut work = system.work().await;
        let path = system.path("web1");
        contexts::list_applications(&mut work, &system.organization, &path).await.unwrap().len()
    };
    assert_eq!(installed().await, 1, "it is still on its way out");
    agent.carry_out(&removal).await;
    eventually("the application is gone", async || installed().await == 0).await;
    eventually("web1 is ready", async || system.host_state("web1").await == "READY").await;
}

#[tokio::test]
async fn what_could_not_be_removed_is_tried_again() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    system.install("web1").await.unwrap();
    let change = agent.expect_change().await;
    agent.carry_out(&change).await;
    system.uninstall("web1").await.unwrap();
    let removal = agent.expect_change().await;
    agent.fail_at(&removal, 2).await;
    eventually("web1 is in error", async || system.host_state("web1").await == "ERROR").await;

    system.uninstall("web1").await.unwrap();
    let again = agent.expect_change().await;
    let resources: Vec<_> = again.tasks.iter().map(|task| task.resource.id.as_str()).collect();
    let left: Vec<_> = removal.tasks[2..].iter().map(|task| task.resource.id.as_str()).collect();
    assert_eq!(resources, left, "what was removed is not removed again");
}

#[tokio::test]
async fn a_failed_change_says_what_failed_until_somebody_clears_it() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    system.install("web1").await.unwrap();
    let change = agent.expect_change().await;
    agent.fail_at(&change, 0).await;
    eventually("web1 is in error", async || system.host_state("web1").await == "ERROR").await;
    let host = system.host("web1").await;
    let hostwright_model::host::HostState::Error { reason, .. } = host.state else { panic!() };
    assert_eq!(reason, "Install Web Server: add package nginx-light: no such package");
    let change = &system.changes("web1").await[0];
    let errors: Vec<_> = change.tasks.iter().map(|task| task.error().unwrap()).collect();
    assert_eq!(errors[1], "skipped: task 0 failed");

    let mut work = system.work().await;
    let path = system.path("web1");
    changes::clear_changes(&mut work, &system.organization, &path, changes::Which::Ended).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(system.host_state("web1").await, "READY");
    assert!(system.changes("web1").await.is_empty());
}

#[tokio::test]
async fn what_failed_is_drift_and_the_next_change_still_follows() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    system.install("web1").await.unwrap();
    let change = agent.expect_change().await;
    agent.fail_at(&change, 1).await;
    eventually("web1 is in error", async || system.host_state("web1").await == "ERROR").await;
    let level = crate::operations::settings::Level::Host(system.path("web1"));
    system.set(level, "http_port", serde_json::json!(9090)).await;
    let next = agent.expect_change().await;
    agent.carry_out(&next).await;
    eventually("it is done", async || system.change_states("web1").await[1].0 == "DONE").await;
}

#[tokio::test]
async fn a_rebuild_sends_what_the_templates_say_now() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    system.install("web1").await.unwrap();
    let change = agent.expect_change().await;
    agent.carry_out(&change).await;

    let mut work = system.work().await;
    let (application, file) = ("Web Server".parse().unwrap(), "index.html".parse().unwrap());
    let content = b"<h2>${greeting}</h2>\n".to_vec();
    application_files::write_content(&mut work, &system.organization, &application, &file, content)
        .await
        .unwrap();
    work.commit().await.unwrap();
    assert_eq!(system.changes("web1").await.len(), 1, "a template reaches no host by itself");

    let mut work = system.work().await;
    let path = system.path("web1");
    let rendered = rendered_files::render_file(&mut work, &system.organization, &path, &application, &file)
        .await
        .unwrap();
    assert_eq!(String::from_utf8(rendered).unwrap(), "<h2>Hello</h2>\n");
    alerts::rebuild_host(&mut work, &system.organization, &path).await.unwrap();
    work.commit().await.unwrap();
    let resync = agent.expect_resync().await;
    assert_eq!(resync.change.tasks.len(), 4);
    agent.carry_out_resync(&resync).await;
    eventually("web1 is ready", async || system.host_state("web1").await == "READY").await;
}

#[tokio::test]
async fn a_template_that_cannot_be_rendered_refuses_the_whole_write() {
    let system = TestSystem::start().await;
    let _agent = system.enrolled("web1").await;
    let mut work = system.work().await;
    let (application, file) = ("Web Server".parse().unwrap(), "index.html".parse().unwrap());
    let content = b"one\n${greting}\n".to_vec();
    application_files::write_content(&mut work, &system.organization, &application, &file, content)
        .await
        .unwrap();
    work.commit().await.unwrap();

    let mut work = system.work().await;
    let input = contexts::Install { application, settings: Vec::new(), services: Vec::new() };
    let path = system.path("web1");
    let error =
        contexts::install_application(&mut work, &system.organization, &path, input).await.unwrap_err();
    drop(work);
    assert!(matches!(error, OperationError::Invalid(_)));
    insta::assert_snapshot!(error, @"file `index.html` of application `Web Server`, line 2: variable `greting` is not defined; the nearest is `greeting`");
    let mut work = system.work().await;
    let installed = contexts::list_applications(&mut work, &system.organization, &path).await.unwrap();
    assert!(installed.is_empty(), "nothing of it was written");

    let file = "site.conf".parse().unwrap();
    let application = "Web Server".parse().unwrap();
    let content = b"{% if x %}".to_vec();
    let error =
        application_files::write_content(&mut work, &system.organization, &application, &file, content).await;
    assert!(matches!(error.unwrap_err(), OperationError::Invalid(_)), "it could never be rendered");
}
