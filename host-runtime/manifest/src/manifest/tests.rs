use super::*;

const MINIMAL: &str = r#"
manifest = 1
id = "hostwright/files"
version = "0.1.0"
kind = "provider"
api = "0.1"
collection = "files"
summary = "Regular files"
license = "Apache-2.0"
"#;

#[test]
fn a_minimal_manifest_asks_for_nothing() {
    let manifest = Manifest::parse(MINIMAL).unwrap();
    assert_eq!(manifest.id.to_string(), "hostwright/files");
    assert_eq!(manifest.kind, Kind::Provider { collection: "files".into() });
    assert_eq!(manifest.asked(), Grants::default());
}

#[test]
fn what_is_asked_for_becomes_grants() {
    let text = format!(
        r#"{MINIMAL}
        [[capabilities.files]]
        reason = "content"
        read = ["/usr/share"]
        [[capabilities.files]]
        reason = "the files"
        write = ["/"]
        [[capabilities.exec]]
        reason = "to check sudoers"
        command = ["/usr/sbin/visudo", "-c", "-f", "{{candidate}}"]
        effect = "query"
        [capabilities.facts]
        reason = "owners"
        [capabilities.secrets]
        reason = "hashes"
        reveal = true
        "#
    );
    let manifest = Manifest::parse(&text).unwrap();
    insta::assert_json_snapshot!(manifest.asked());
}

#[test]
fn errors_name_the_key_and_the_fix() {
    let with = |addition: &str| format!("{MINIMAL}{addition}");
    let without = |line: &str| MINIMAL.replace(line, "");
    let cases = [
        "manifest = [".to_owned(),
        without("manifest = 1"),
        MINIMAL.replace("manifest = 1", "manifest = 2"),
        MINIMAL.replace("hostwright/files", "Hostwright Files"),
        MINIMAL.replace("0.1.0", "0.1"),
        MINIMAL.replace("\"provider\"", "\"plugin\""),
        MINIMAL.replace("api = \"0.1\"", "api = \"latest\""),
        without("collection = \"files\""),
        MINIMAL.replace("\"files\"", "\"../files\""),
        MINIMAL.replace("\"provider\"", "\"driver\""),
        MINIMAL.replace("Regular files", ""),
        MINIMAL.replace("Regular files", "\\u001b[2J"),
        with("colection = \"files\""),
        with("[limits]\ncall-ms = 0"),
        with("[limits]\nfuel = 5"),
        with("[[capabilities.files]]\nwrite = [\"/\"]"),
        with("[[capabilities.files]]\nreason = \"x\""),
        with("[[capabilities.files]]\nreason = \"x\"\nwrite = [\"/etc/\"]"),
        with(
            "[[capabilities.exec]]\nreason = \"x\"\ncommand = [\"sh\", \"-c\", \"{text}\"]\neffect = \"change\"",
        ),
        with(
            "[[capabilities.exec]]\nreason = \"x\"\ncommand = [\"/bin/sh\", \"{anything}\"]\neffect = \"change\"",
        ),
        with(
            "[[capabilities.exec]]\nreason = \"x\"\ncommand = [\"/bin/v\", \"{candidate}\"]\neffect = \"change\"",
        ),
        with("[[capabilities.exec]]\nreason = \"x\"\ncommand = [\"/bin/v\"]\neffect = \"look\""),
        with(
            "[[capabilities.exec]]\nreason = \"x\"\ncommand = [\"/bin/v\"]\neffect = \"query\"\nenvironment = { \"A=B\" = \"\" }",
        ),
        with("[capabilities.network]\nreason = \"x\""),
        with("[capabilities.log]"),
    ];
    let messages: Vec<String> =
        cases.iter().map(|text| Manifest::parse(text).unwrap_err().to_string()).collect();
    insta::assert_snapshot!(messages.join("\n\n"));
}
