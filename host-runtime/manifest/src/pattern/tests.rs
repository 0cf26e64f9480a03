use proptest::prelude::*;

use super::*;
use crate::grants::FilesGrant;

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn pattern(words: &[&str]) -> CommandPattern {
    CommandPattern::parse(&strings(words)).unwrap()
}

fn check(words: &[&str], arguments: &[&str]) -> Result<(), Mismatch> {
    pattern(words).matches(words[0], &strings(arguments))
}

#[test]
fn ordinary_command_lines_match() {
    let install = ["/usr/bin/apt-get", "install", "-y", "{package}..."];
    let cases: &[(&[&str], &[&str])] = &[
        (&install, &["install", "-y", "curl"]),
        (
            &install,
            &["install", "-y", "curl", "g++", "libstdc++6:amd64", "memtest86+:amd64", "python3.11", "0ad"],
        ),
        (
            &["/usr/bin/apt-get", "install", "{package}={version}..."],
            &["install", "curl=7.88.1-10+deb12u4", "vim=2:9.0.1378-2"],
        ),
        (&["/usr/bin/systemctl", "restart", "{unit}"], &["restart", "getty@tty1.service"]),
        (&["/usr/bin/systemctl", "restart", "{unit}"], &["restart", "dev-disk-by\\x2duuid.mount"]),
        (&["/usr/sbin/usermod", "-aG", "{group}", "{user}"], &["-aG", "www-data", "_apt"]),
        (
            &["/usr/bin/dpkg-query", "-W", "-f=${Package} ${Version}\\n", "--", "{package}..."],
            &["-W", "-f=${Package} ${Version}\\n", "--", "curl"],
        ),
        (&["/usr/bin/timeout", "{integer}", "/bin/true"], &["30", "/bin/true"]),
        (&["/usr/sbin/visudo", "-c", "-f", "{candidate}"], &["-c", "-f", "{candidate}"]),
        (&["/usr/bin/test", "{user}:{group}", "--", "{path}..."], &["root:adm", "--", "/etc/a b", "/etc/c"]),
        (&["/usr/bin/logger", "{text}"], &["any thing; at $(all)"]),
        (&["/bin/true"], &[]),
    ];
    for (words, arguments) in cases {
        assert_eq!(check(words, arguments), Ok(()), "{words:?} {arguments:?}");
    }
}

#[test]
fn hostile_arguments_are_refused_and_named() {
    let long = "a".repeat(201);
    let install = ["/usr/bin/apt-get", "install", "{package}..."];
    let unit = ["/usr/bin/systemctl", "restart", "{unit}"];
    let cases: Vec<(&[&str], Vec<&str>)> = vec![
        (&install, vec!["install", "curl-"]),
        (&install, vec!["install", "curl-:amd64"]),
        (&install, vec!["install", "curl+"]),
        (&install, vec!["install", "pyth.n3-apt$"]),
        (&install, vec!["install", "./x.deb"]),
        (&install, vec!["install", "/tmp/x.deb"]),
        (&install, vec!["install", "curl/testing"]),
        (&install, vec!["install", "curl=1"]),
        (&install, vec!["install", "desktop^"]),
        (&install, vec!["install", "lib*"]),
        (&install, vec!["install", "~ninstalled"]),
        (&install, vec!["install", "?installed"]),
        (&install, vec!["install", "curl", "--option"]),
        (&install, vec!["install", "-oDPkg::Pre-Invoke::=id"]),
        (&install, vec!["install", ""]),
        (&install, vec!["install", "cu\0rl"]),
        (&install, vec!["install", "curl\nwget"]),
        (&install, vec!["install", &long]),
        (&install, vec!["install", "CURL"]),
        (&install, vec!["install", "curl:"]),
        (&install, vec!["install", "cürl"]),
        (&install, vec!["install"]),
        (&install, vec!["remove", "curl"]),
        (&install, vec![]),
        (&["/usr/bin/apt-get", "install", "{package}={version}"], vec!["install", "curl=1.0-"]),
        (&["/usr/bin/apt-get", "install", "{package}={version}"], vec!["install", "curl=1.*"]),
        (&["/usr/bin/apt-get", "install", "{package}={version}"], vec!["install", "curl"]),
        (&unit, vec!["restart", "*"]),
        (&unit, vec!["restart", "ssh[d]"]),
        (&unit, vec!["restart", "/etc/systemd/system/x.service"]),
        (&unit, vec!["restart", "-H"]),
        (&unit, vec!["restart", "-.mount"]),
        (&unit, vec!["restart", ".."]),
        (&unit, vec!["restart", "ssh", "cron"]),
        (&["/usr/sbin/userdel", "{user}"], vec!["0"]),
        (&["/usr/sbin/userdel", "{user}"], vec!["root:root"]),
        (&["/bin/sleep", "{integer}"], vec!["-1"]),
        (&["/bin/sleep", "{integer}"], vec!["010"]),
        (&["/bin/sleep", "{integer}"], vec!["9999999999999999999"]),
        (&["/bin/ls", "{path}"], vec!["etc"]),
        (&["/bin/ls", "{path}"], vec!["/etc/../root"]),
        (&["/bin/ls", "{path}"], vec!["//etc"]),
        (&["/usr/bin/logger", "{text}"], vec!["--id=1"]),
        (&["/usr/bin/logger", "{text}"], vec!["two\nlines"]),
        (&["/usr/sbin/visudo", "-f", "{candidate}"], vec!["-f", "/etc/sudoers"]),
    ];
    let messages: Vec<String> =
        cases.iter().map(|(words, arguments)| check(words, arguments).unwrap_err().to_string()).collect();
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn another_program_or_another_spelling_of_it_is_refused() {
    let pattern = pattern(&["/usr/bin/apt-get", "update"]);
    for program in ["/usr/bin/apt", "apt-get", "/usr/bin//apt-get", "/usr/bin/apt-get\0"] {
        let mismatch = pattern.matches(program, &strings(&["update"])).unwrap_err();
        assert_eq!(mismatch, Mismatch::Program { granted: "/usr/bin/apt-get".into() });
    }
}

#[test]
fn a_path_must_lie_below_a_granted_one() {
    let pattern = pattern(&["/usr/bin/dpkg-query", "-S", "{path}..."]);
    let files = FilesGrant { read: strings(&["/etc"]), write: strings(&["/srv"]) };
    let check = |paths: &[&str]| {
        let mut arguments = strings(&["-S"]);
        arguments.extend(strings(paths));
        pattern.matches_within("/usr/bin/dpkg-query", &arguments, &files)
    };
    assert_eq!(check(&["/etc/motd", "/srv/www"]), Ok(()));
    insta::assert_snapshot!(check(&["/etc/motd", "/root/.ssh"]).unwrap_err(), @"argument 3 `/root/.ssh` is not below a path that `files` grants");
}

#[test]
fn a_flood_of_arguments_is_refused_unread() {
    let words = ["/usr/bin/dpkg-query", "{package}..."];
    assert_eq!(check(&words, &vec!["curl"; 4096]), Ok(()));
    assert_eq!(check(&words, &vec!["curl"; 4097]), Err(Mismatch::TooMuch));
    let large = "a".repeat(2000);
    assert_eq!(check(&["/bin/echo", "{text}..."], &vec![large.as_str(); 300]), Err(Mismatch::TooMuch));
}

#[test]
fn patterns_that_make_no_sense_are_refused() {
    let cases: &[&[&str]] = &[
        &[],
        &["apt-get"],
        &["/usr/bin/../bin/sh"],
        &["/usr/bin/{text}", "{Package}"],
        &["/usr/bin/apt-get", "{packages}..."],
        &["/usr/bin/apt-get", "{package"],
        &["/usr/bin/apt-get", "{package}{version}"],
        &["/usr/bin/apt-get", "two\nlines"],
        &["/usr/sbin/visudo", "--file={candidate}"],
        &["/usr/sbin/visudo", "{candidate}..."],
        &["/usr/sbin/visudo", "{candidate}", "{candidate}"],
    ];
    let messages: Vec<String> =
        cases.iter().map(|words| CommandPattern::parse(&strings(words)).unwrap_err().to_string()).collect();
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn a_pattern_reads_as_it_was_written() {
    let words = [
        "/usr/bin/x",
        "-f=${Package}...",
        "plain...",
        "{package}={version}...",
        "--to={path}.new",
        "{candidate}",
    ];
    assert_eq!(pattern(&words).to_string(), words.join(" "));
}

proptest! {
    #[test]
    fn no_value_of_any_type_is_an_option_or_has_control_characters(value in any::<String>()) {
        for placeholder in Placeholder::ALL {
            if placeholder.check(&value).is_ok() {
                prop_assert!(!value.is_empty() && !value.starts_with('-'));
                prop_assert!(!value.chars().any(char::is_control));
            }
        }
    }

    #[test]
    fn what_passes_for_a_package_means_nothing_else_to_apt(value in "[a-z0-9.+:^$*?/=~-]{1,12}") {
        if Placeholder::Package.check(&value).is_ok() {
            prop_assert!(!value.contains(['^', '$', '*', '?', '/', '=', '~']));
            prop_assert!(!value.ends_with('-') && !value.starts_with('.'));
            prop_assert!(!value.ends_with('+') || value.ends_with("++"));
        }
    }

    #[test]
    fn ordinary_packages_pass(name in "[a-z0-9][a-z0-9.+-]{0,20}[a-z0-9]") {
        prop_assert_eq!(Placeholder::Package.check(&name), Ok(()));
    }

    #[test]
    fn a_repeated_word_accepts_each_of_its_values(names in prop::collection::vec("[a-z][a-z0-9]{1,8}", 1..20)) {
        let pattern = pattern(&["/bin/x", "{package}...", "--", "{package}..."]);
        let mut arguments = names.clone();
        arguments.push("--".into());
        arguments.extend(names);
        prop_assert_eq!(pattern.matches("/bin/x", &arguments), Ok(()));
    }

    #[test]
    fn any_pattern_and_any_arguments_are_handled(words in prop::collection::vec(any::<String>(), 0..4), arguments in prop::collection::vec(any::<String>(), 0..4)) {
        let words: Vec<String> = std::iter::once("/bin/x".to_owned()).chain(words).collect();
        if let Ok(pattern) = CommandPattern::parse(&words) {
            let _ = pattern.matches("/bin/x", &arguments);
            prop_assert_eq!(CommandPattern::parse(&std::iter::once("/bin/x".to_owned()).chain(pattern.words()).collect::<Vec<_>>()), Ok(pattern));
        }
    }
}
