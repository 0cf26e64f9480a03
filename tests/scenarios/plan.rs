//! A plan changes nothing, and what it says is what then happens.
//!
//! The law: every planned difference happens, and nothing changes that the plan neither showed nor marked. A plan is held
//! against what the change reports, and both against what is seen of the host from outside, without the product.

use std::collections::{BTreeMap, BTreeSet};

use hostwright_api_types::{Change, Difference, Plan, PlannedTask, Task};
use hostwright_client::ChangeLink;
use hostwright_client::host::HostHandle;
use hostwright_tests::{ENVIRONMENT, ORGANIZATION, System, hosts};
use serde_json::{Value as Json, json};
use xtask::lab::host::Host;
use xtask::programs::Program;

use crate::first_light::{ended, served, start};

const APPLICATION: &str = "Web Server";
const NOTHING: [(&str, Json); 0] = [];
/// What belongs to the agent and to the journal; `/run` and `/tmp` are file systems of their own.
const NOT_THE_HOSTS: &[&str] = &["var/lib/hostwright", "var/log/journal"];

#[tokio::test]
async fn what_is_planned_is_what_then_happens_and_planning_changes_nothing() {
    if !hosts::available() {
        return;
    }
    let (system, machine) = start("web1").await;
    let host = system.host("web1");
    let site = Site::new(&system, &machine);

    // Nothing is known of the package yet, not even its version: the machine has no package lists.
    let planned = site.plan(&json!({"install": [APPLICATION]}), &["--install", APPLICATION]).await;
    insta::assert_snapshot!(in_short(&planned.plan), @r#"
    add package nginx-light: packages nginx-light
       absent -> {}
      /version absent -> (known-after-apply)
    add file site.conf: files /etc/nginx/conf.d/site.conf
       absent -> {"content":{"$hostwright":{"blob":"sha256:fcf74a06c690468003c1f6f2f6a10cc4dec0528a0714a8a9f27466a87a5e30f0","size":231}},"owner":"root","group":"root","mode":"0644"}
    add file index.html: files /srv/web-server/index.html
       absent -> {"content":{"$hostwright":{"blob":"sha256:8b15b6fa033dfda06e05342cddea1b93234261616e392d137d52c2af9a884f86","size":155}},"owner":"root","group":"root","mode":"0644"}
    add service nginx: services nginx
       (known-after-apply) -> (known-after-apply)
      /running (known-after-apply) -> true
      /enabled (known-after-apply) -> true
    "#);
    insta::assert_snapshot!(planned.shown, @r"
    + add package nginx-light  packages nginx-light
        version: (known after applying)
    + add file site.conf  files /etc/nginx/conf.d/site.conf
    + add file index.html  files /srv/web-server/index.html
    ~ add service nginx  services nginx
        running: (known after applying) -> true
        enabled: (known after applying) -> true
    web1: 4 tasks, 4 would change something
    Nothing was changed.
    ");
    let installed = host.install(APPLICATION, NOTHING).await.unwrap();
    site.applied(&planned, &installed.changes).await;
    served(&machine, 8080, "Hello from Hostwright").await;

    let elsewhere = json!({"key": "http_port", "value": 8081});
    let planned = site.plan(&json!({"settings": [elsewhere]}), &["--set", "http_port=8081"]).await;
    insta::assert_snapshot!(in_short(&planned.plan), @r#"
    update file site.conf: files /etc/nginx/conf.d/site.conf
      /content {"$hostwright":{"blob":"sha256:fcf74a06c690468003c1f6f2f6a10cc4dec0528a0714a8a9f27466a87a5e30f0","size":231}} -> {"$hostwright":{"blob":"sha256:9105ef9ea7adae01bd7338cad82c768273de8e404c468fec89a52957010f117e","size":231}}
    reload service nginx: services nginx
      !reload
    "#);
    insta::assert_snapshot!(planned.shown, @r"
    ~ update file site.conf  files /etc/nginx/conf.d/site.conf
        content:
           # Kept by Hostwright for web1; changes made here by hand are reported.
           server {
          -    listen 8080;
          +    listen 8081;
               root /srv/web-server;
               # The distribution's default site has no such header.
    ! reload service nginx  services nginx
        ! reload
    web1: 2 tasks, 2 would change something
    Nothing was changed.
    ");
    let written = host.settings().create(&elsewhere).await.unwrap();
    site.applied(&planned, &written.changes).await;
    served(&machine, 8081, "Hello from Hostwright").await;

    let drift = "rm /srv/web-server/index.html; chmod 600 /etc/nginx/conf.d/site.conf; \
                 echo '# by hand' >> /etc/nginx/conf.d/site.conf; systemctl disable --quiet --now nginx";
    machine.program("sh").args(["-c", drift]).capture().unwrap();
    let planned = site.plan(&json!({}), &[]).await;
    insta::assert_snapshot!(in_short(&planned.plan), @r#"
    add package nginx-light: packages nginx-light
    add file site.conf: files /etc/nginx/conf.d/site.conf
      /content {"$hostwright":{"blob":"sha256:5422bf3a7782307ee0eefb3e808dfa4b92c8979e3aeff30a1d1037072d3f3661","size":241}} -> {"$hostwright":{"blob":"sha256:9105ef9ea7adae01bd7338cad82c768273de8e404c468fec89a52957010f117e","size":231}}
      /mode "0600" -> "0644"
    add file index.html: files /srv/web-server/index.html
       absent -> {"content":{"$hostwright":{"blob":"sha256:8b15b6fa033dfda06e05342cddea1b93234261616e392d137d52c2af9a884f86","size":155}},"owner":"root","group":"root","mode":"0644"}
    add service nginx: services nginx
      /running false -> true
      /enabled false -> true
    "#);
    let rebuilt = host.rebuild().await.unwrap();
    site.applied(&planned, &rebuilt.changes).await;
    served(&machine, 8081, "Hello from Hostwright").await;
    let again = host.plan(&json!({})).await.unwrap();
    assert!(again.tasks.iter().all(|task| task.differences.is_empty()), "{again:#?}");

    let planned = site.plan(&json!({"uninstall": [APPLICATION]}), &["--uninstall", APPLICATION]).await;
    let version = planned.before.packages["nginx-light"].clone();
    insta::assert_snapshot!(in_short(&planned.plan).replace(&version, "[version]"), @r#"
    remove service nginx: services nginx
      /running true -> false
      /enabled true -> false
    remove file index.html: files /srv/web-server/index.html
       {"content":{"$hostwright":{"blob":"sha256:8b15b6fa033dfda06e05342cddea1b93234261616e392d137d52c2af9a884f86","size":155}},"owner":"root","group":"root","mode":"0644"} -> absent
    remove file site.conf: files /etc/nginx/conf.d/site.conf
       {"content":{"$hostwright":{"blob":"sha256:9105ef9ea7adae01bd7338cad82c768273de8e404c468fec89a52957010f117e","size":231}},"owner":"root","group":"root","mode":"0644"} -> absent
    remove package nginx-light: packages nginx-light
       {"version":"[version]","hold":false} -> absent
    "#);
    let removed = host.uninstall(APPLICATION).await.unwrap();
    site.applied(&planned, &removed.changes).await;

    installed_again(&site, &host, &version).await;
    hosts::remove(machine.cut_power()).unwrap();
}

/// This time the machine has package lists, and the plan says at which version.
async fn installed_again(site: &Site<'_>, host: &HostHandle, version: &str) {
    let planned = site.plan(&json!({"install": [APPLICATION]}), &["--install", APPLICATION]).await;
    let package = planned.plan.tasks.iter().find(|task| task.collection == "packages").unwrap();
    assert_eq!(package.differences[0].after.as_ref().unwrap()["value"]["version"], version, "{package:#?}");
    let installed = host.install(APPLICATION, NOTHING).await.unwrap();
    let there = site.applied(&planned, &installed.changes).await;
    assert_eq!(there.packages["nginx-light"], version);
}

#[tokio::test]
async fn what_was_there_before_is_planned_as_it_is_adopted_and_as_it_is_given_back() {
    if !hosts::available() {
        return;
    }
    let (system, machine) = start("web1").await;
    let host = system.host("web1");
    let by_hand = "apt-get update -qq && apt-get install -qq -y nginx-light && systemctl disable --quiet nginx && \
                   mkdir -p /srv/web-server && echo mine > /srv/web-server/index.html && \
                   chmod 640 /srv/web-server/index.html";
    machine.program("sh").args(["-c", by_hand]).capture().unwrap();
    let site = Site::new(&system, &machine);

    let planned = site.plan(&json!({"install": [APPLICATION]}), &["--install", APPLICATION]).await;
    insta::assert_snapshot!(in_short(&planned.plan), @r#"
    add package nginx-light: packages nginx-light
    add file site.conf: files /etc/nginx/conf.d/site.conf
       absent -> {"content":{"$hostwright":{"blob":"sha256:fcf74a06c690468003c1f6f2f6a10cc4dec0528a0714a8a9f27466a87a5e30f0","size":231}},"owner":"root","group":"root","mode":"0644"}
    add file index.html: files /srv/web-server/index.html
      /content {"$hostwright":{"blob":"sha256:fcbc800db3f1867000b852f1ce0044b8f1584f76ade1ed6e65189824f95c3cda","size":5}} -> {"$hostwright":{"blob":"sha256:8b15b6fa033dfda06e05342cddea1b93234261616e392d137d52c2af9a884f86","size":155}}
      /mode "0640" -> "0644"
    add service nginx: services nginx
      /enabled false -> true
      !restart
    "#);
    let installed = host.install(APPLICATION, NOTHING).await.unwrap();
    let there = site.applied(&planned, &installed.changes).await;
    assert_ne!(there.units["nginx.service"], planned.before.units["nginx.service"], "it was restarted");
    served(&machine, 8080, "Hello from Hostwright").await;

    let planned = site.plan(&json!({"uninstall": [APPLICATION]}), &["--uninstall", APPLICATION]).await;
    insta::assert_snapshot!(in_short(&planned.plan), @r#"
    remove service nginx: services nginx
      /enabled true -> false
      # kept, because it was there before; running, enabled as before
    remove file index.html: files /srv/web-server/index.html
      /mode "0644" -> "0640"
      # kept, because it was there before; owner, group, mode as before; its earlier content is not known
    remove file site.conf: files /etc/nginx/conf.d/site.conf
       {"content":{"$hostwright":{"blob":"sha256:fcf74a06c690468003c1f6f2f6a10cc4dec0528a0714a8a9f27466a87a5e30f0","size":231}},"owner":"root","group":"root","mode":"0644"} -> absent
    remove package nginx-light: packages nginx-light
      # kept, because it was there before
    "#);
    let removed = host.uninstall(APPLICATION).await.unwrap();
    site.applied(&planned, &removed.changes).await;
    hosts::remove(machine.cut_power()).unwrap();
}

/// A booted host, and the orchestrator that manages it.
struct Site<'a> {
    system: &'a System,
    machine: &'a Host,
}

/// A plan, how the command line shows it, and how the host was when it was made.
struct Planned {
    plan: Plan,
    shown: String,
    before: Snapshot,
}

impl<'a> Site<'a> {
    fn new(system: &'a System, machine: &'a Host) -> Self {
        // The distribution's own timers would write while others are watched.
        machine.program("systemctl").args(["stop", "*.timer"]).capture().unwrap();
        Self { system, machine }
    }

    /// Makes a plan, through the API and on the command line, and proves that the host is as it was.
    async fn plan(&self, body: &Json, arguments: &[&str]) -> Planned {
        let before = Snapshot::take(self.machine);
        let plan = self.system.host("web1").plan(body).await.unwrap();
        let words = [&["hosts", "plan", ORGANIZATION, ENVIRONMENT, "web1"], arguments].concat();
        let ended = self.system.command_line().run(&words).unwrap();
        assert_eq!(ended.status, 0, "{ended:#?}");
        assert_eq!(before.compare(&Snapshot::take(self.machine)), [""; 0], "planning {body} left a trace");
        Planned { plan, shown: ended.stdout, before }
    }

    /// Waits for the change that was planned, holds it against its plan, and returns how the host is now.
    async fn applied(&self, planned: &Planned, links: &[ChangeLink]) -> Snapshot {
        let Planned { plan, before, .. } = planned;
        let change = ended(self.system, "web1", links).await;
        let after = Snapshot::take(self.machine);
        let mut broken = against_report(plan, &change);
        broken.extend(against_host(plan, before, &after));
        assert!(broken.is_empty(), "{broken:#?}\n{plan:#?}\n{change:#?}");
        after
    }
}

/// Where a plan and what its change reported fall apart.
fn against_report(plan: &Plan, change: &Change) -> Vec<String> {
    let planned: Vec<_> = plan.tasks.iter().map(|task| (&task.collection, &task.id)).collect();
    let applied: Vec<_> = change.tasks.iter().map(|task| (&task.collection, &task.id)).collect();
    assert_eq!(planned, applied, "other tasks than planned");
    plan.tasks
        .iter()
        .zip(&change.tasks)
        .flat_map(|(planned, applied)| task_against_report(planned, applied))
        .collect()
}

fn task_against_report(planned: &PlannedTask, applied: &Task) -> Vec<String> {
    let mut broken = Vec::new();
    let mut say = |what: String| broken.push(format!("`{}`: {what}", planned.description));
    if let Some(error) = &planned.error {
        say(format!("it was planned to fail ({error}) and did not"));
    }
    for difference in &planned.differences {
        let pointer = &difference.pointer;
        match applied.differences.iter().find(|reported| reported.pointer == *pointer) {
            Some(reported) => {
                for (planned, reported) in
                    [(&difference.before, &reported.before), (&difference.after, &reported.after)]
                {
                    if !is_marked(planned.as_ref()) && planned != reported {
                        say(format!("`{pointer}`: planned was {planned:?}, reported is {reported:?}"));
                    }
                }
            }
            // What only applying can tell may turn out to be as desired.
            None if is_marked(difference.before.as_ref()) => {}
            None => say(format!("`{pointer}` was planned to change and did not: {difference:?}")),
        }
    }
    for reported in &applied.differences {
        if !covers(&planned.differences, &reported.pointer) {
            say(format!("`{}` changed and was not planned: {reported:?}", reported.pointer));
        }
    }
    let is_certain = !planned.actions.is_empty()
        || planned.differences.iter().any(|difference| !is_marked(difference.before.as_ref()));
    let may_change = is_certain || !planned.differences.is_empty();
    match applied.outcome.as_deref() {
        Some("changed") if !may_change => say("nothing was planned and something changed".to_owned()),
        Some("unchanged") if is_certain => say("a change was planned and nothing changed".to_owned()),
        Some("changed" | "unchanged") => {}
        other => say(format!("it ended as {other:?}")),
    }
    for action in &planned.actions {
        let has_run = applied.description.starts_with(action.as_str())
            || applied.message.as_ref().is_some_and(|message| message.contains(action.as_str()));
        if !has_run {
            say(format!("`{action}` was planned and nothing says that it ran"));
        }
    }
    broken
}

fn is_marked(value: Option<&Json>) -> bool {
    value.is_some_and(|value| value["is"] == "known-after-apply")
}

fn covers(planned: &[Difference], pointer: &str) -> bool {
    planned.iter().any(|difference| {
        difference.pointer == pointer || pointer.starts_with(&format!("{}/", difference.pointer))
    })
}

/// Where a plan and what is seen of the host from outside fall apart.
fn against_host(plan: &Plan, before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let mut broken = Vec::new();
    for task in &plan.tasks {
        let (old, new) =
            (before.resource(&task.collection, &task.id), after.resource(&task.collection, &task.id));
        for name in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            let pointer = format!("/{name}");
            let (was, is) = (old.get(name), new.get(name));
            if was != is && !covers(&task.differences, &pointer) {
                broken.push(format!(
                    "`{}`: {name} was {was:?}, is {is:?}, and no plan said so",
                    task.description
                ));
            }
            let said = task.differences.iter().find_map(|difference| {
                let after = difference.after.as_ref().filter(|after| after["is"] == "known")?;
                if difference.pointer == pointer { after.get("value") } else { after["value"].get(name) }
            });
            if let Some(said) = said.filter(|said| !said.is_null())
                && is != Some(&plain(said))
            {
                broken.push(format!("`{}`: {name} was to become {said}, is {is:?}", task.description));
            }
        }
    }
    broken
}

/// A value as it can be compared with what is seen from outside: the digest for content.
fn plain(value: &Json) -> String {
    let digest = value.pointer("/$hostwright/blob").unwrap_or(value);
    digest.as_str().map_or_else(|| digest.to_string(), str::to_owned)
}

/// Everything of a host that a plan must leave alone.
struct Snapshot {
    /// By path from the root: type, mode, owner, size, times, digest or target.
    files: BTreeMap<String, Vec<String>>,
    /// Versions of what is installed.
    packages: BTreeMap<String, String>,
    /// State, process and invocation of every unit.
    units: BTreeMap<String, String>,
}

impl Snapshot {
    fn take(machine: &Host) -> Self {
        let root = machine.tree().root();
        let find = |more: &[&str]| Program::new("find").arg(".").arg("-xdev").args(more).current_dir(&root);
        // The time of the last change of the inode is set by the kernel alone: a file that was changed and put back shows.
        let listed = find(&["-printf", r"%P\t%y\t%m\t%U\t%G\t%s\t%T@\t%C@\t%l\n"]).capture().unwrap();
        let mut files: BTreeMap<String, Vec<String>> = listed
            .lines()
            .map(|line| line.split('\t').map(str::to_owned))
            .filter_map(|mut words| Some((words.next()?, words.collect())))
            .collect();
        let digests = find(&["-type", "f", "-exec", "sha256sum", "--", "{}", "+"]).capture().unwrap();
        for line in digests.lines() {
            let (digest, path) = line.split_once("  ./").unwrap();
            if let Some(file) = files.get_mut(path) {
                file.push(format!("sha256:{digest}"));
            }
        }
        files.retain(|path, _| !NOT_THE_HOSTS.iter().any(|theirs| path.starts_with(theirs)));
        assert!(files.len() > 1000, "that is no Debian: {} files", files.len());
        let packages = machine
            .program("dpkg-query")
            .args(["-W", "-f=${Package} ${db:Status-Abbrev}${Version}\n"])
            .capture()
            .unwrap();
        let units = machine
            .program("systemctl")
            .args([
                "show",
                "--all",
                "--property=Id,LoadState,ActiveState,SubState,UnitFileState,MainPID,InvocationID",
            ])
            .arg("*")
            .capture()
            .unwrap();
        Self { files, packages: installed(&packages), units: blocks(&units) }
    }

    /// What differs from a later one.
    fn compare(&self, later: &Self) -> Vec<String> {
        fn changed<T: PartialEq + std::fmt::Debug>(
            before: &BTreeMap<String, T>,
            after: &BTreeMap<String, T>,
        ) -> Vec<String> {
            let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
            names
                .into_iter()
                .filter(|name| before.get(*name) != after.get(*name))
                .map(|name| format!("{name}: {:?} -> {:?}", before.get(name), after.get(name)))
                .collect()
        }
        let mut found = changed(&self.files, &later.files);
        found.extend(changed(&self.packages, &later.packages));
        found.extend(changed(&self.units, &later.units));
        found
    }

    /// What is seen of one resource, in the words of its collection.
    fn resource(&self, collection: &str, id: &str) -> BTreeMap<&'static str, String> {
        let mut seen = BTreeMap::new();
        match collection {
            "files" => {
                if let Some(file) = self.files.get(id.trim_start_matches('/')) {
                    seen.insert("mode", format!("{:0>4}", file[1]));
                    seen.insert("owner", account(&file[2]));
                    seen.insert("group", account(&file[3]));
                    seen.insert("content", file.last().cloned().unwrap_or_default());
                }
            }
            "packages" => {
                if let Some(version) = self.packages.get(id) {
                    seen.insert("version", version.clone());
                }
            }
            "services" => {
                // systemd forgets a unit that neither runs nor is wanted.
                let unit = self.units.get(&format!("{id}.service")).map_or("", String::as_str);
                seen.insert("running", unit.contains("ActiveState=active").to_string());
                seen.insert("enabled", unit.contains("UnitFileState=enabled").to_string());
            }
            other => panic!("nothing is known of `{other}`"),
        }
        seen
    }
}

/// The name of an account, of which the example knows one.
fn account(id: &str) -> String {
    if id == "0" { "root".to_owned() } else { id.to_owned() }
}

fn installed(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter_map(|line| line.split_once(" ii "));
    lines.map(|(package, version)| (package.to_owned(), version.to_owned())).collect()
}

fn blocks(text: &str) -> BTreeMap<String, String> {
    let blocks = text.split("\n\n").filter_map(|block| {
        let id = block.lines().find_map(|line| line.strip_prefix("Id="))?;
        Some((id.to_owned(), block.trim().to_owned()))
    });
    blocks.collect()
}

/// A plan as lines that people can read: `known` values bare, what is marked in brackets.
fn in_short(plan: &Plan) -> String {
    let value = |value: &Option<Json>| match value {
        None => "absent".to_owned(),
        Some(value) if value["is"] == "known" => value["value"].to_string(),
        Some(value) => format!("({})", value["is"].as_str().unwrap_or_default()),
    };
    let mut lines = Vec::new();
    for task in &plan.tasks {
        lines.push(format!("{}: {} {}", task.description, task.collection, task.id));
        for Difference { pointer, before, after } in &task.differences {
            lines.push(format!("  {pointer} {} -> {}", value(before), value(after)));
        }
        lines.extend(task.actions.iter().map(|action| format!("  !{action}")));
        lines.extend(task.message.iter().map(|message| format!("  # {message}")));
        lines.extend(task.error.iter().map(|error| format!("  ERROR {error}")));
    }
    lines.join("\n")
}
