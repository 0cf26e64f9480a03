use std::fmt::Write as _;

use super::*;

fn report(json: &serde_json::Value) -> String {
    let grants: Grants = serde_json::from_value(json.clone()).unwrap();
    let mut text = String::new();
    for Judgement { grant, class, reason } in judge(&grants) {
        writeln!(text, "{class:16} {grant}: {reason}").unwrap();
    }
    writeln!(text, "together: {}", of(&grants)).unwrap();
    text
}

#[test]
fn files_are_judged_by_what_reads_them() {
    insta::assert_snapshot!(report(&serde_json::json!({ "files": {
        "read": ["/usr/share/doc", "/etc", "/"],
        "write": ["/etc/motd", "/srv/www", "/", "/etc", "/etc/cron.d/job", "/etc/nginx", "/var/lib/unheard-of", "/etcetera"],
    }})));
}

#[test]
fn programs_are_judged_by_table() {
    insta::assert_snapshot!(report(&serde_json::json!({ "exec": [
        { "command": ["/usr/bin/dpkg-query", "-W", "-f=${Package}", "--", "{package}..."], "effect": "query" },
        { "command": ["/usr/bin/apt-get", "-s", "install", "{package}..."], "effect": "query" },
        { "command": ["/usr/bin/apt-get", "install", "-y", "{package}..."], "effect": "change" },
        { "command": ["/usr/bin/apt-get", "install", "-oDPkg::Pre-Invoke::=id", "{package}"], "effect": "change" },
        { "command": ["/usr/bin/apt-get", "install", "{path}"], "effect": "change" },
        { "command": ["/usr/bin/apt-get", "install", "./x.deb"], "effect": "change" },
        { "command": ["/usr/bin/systemctl", "restart", "{unit}"], "effect": "change" },
        { "command": ["/usr/bin/systemctl", "set-environment", "A=B"], "effect": "change" },
        { "command": ["/usr/bin/systemctl", "restart", "{unit}"], "effect": "query" },
        { "command": ["/usr/bin/systemd-run", "/bin/true"], "effect": "query" },
        { "command": ["/usr/bin/logger", "{text}"], "effect": "change" },
        { "command": ["/usr/bin/dpkg-query", "-W"], "effect": "query", "environment": { "LD_PRELOAD": "/tmp/x.so" } },
        { "command": ["dpkg-query"], "effect": "query" },
    ]})));
}

#[test]
fn switches_are_judged() {
    insta::assert_snapshot!(report(&serde_json::json!({
        "scripts": true, "facts": true, "log": true, "reveal-secrets": true,
    })));
}

#[test]
fn nothing_granted_is_bounded() {
    assert_eq!(of(&Grants::default()), Class::Bounded);
}
