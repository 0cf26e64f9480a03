use serde_json::{Value as Json, json};

use super::*;
use crate::resolution::{Effective, Origin};
use crate::template::Pair;

fn variables(settings: Json) -> Variables {
    let Json::Object(settings) = settings else { panic!("settings are an object") };
    let settings = settings
        .into_iter()
        .map(|(key, value)| (key.parse().unwrap(), Effective { value, origin: Origin::Host }))
        .collect();
    let private = Private { variables: vec![("_host", json!({"name": "web1"}))] };
    Variables::new(&settings, private)
}

fn render(source: &str, settings: Json) -> String {
    let rendered = file("file `f`", source.as_bytes(), &Delimiters::default(), &variables(settings));
    String::from_utf8(rendered.unwrap()).unwrap()
}

fn refused(source: &str, settings: Json) -> String {
    file("file `f`", source.as_bytes(), &Delimiters::default(), &variables(settings)).unwrap_err().to_string()
}

#[test]
fn values_print_as_they_are_written() {
    let settings = json!({"port": 3306, "ratio": 0.5, "on": true, "big": 18_446_744_073_709_551_615_u64,
        "text": "a <b> & \"c\"", "negative": -1});
    assert_eq!(
        render("${port} ${ratio} ${on} ${big} ${text} ${negative}", settings),
        "3306 0.5 true 18446744073709551615 a <b> & \"c\" -1"
    );
}

#[test]
fn lists_and_objects_print_as_json() {
    let settings = json!({"list": [1, "a", true], "object": {"k": null}});
    assert_eq!(render("${list} ${object}", settings), r#"[1,"a",true] {"k":null}"#);
}

#[test]
fn only_the_delimiters_mean_anything() {
    let source = "root /srv;\n$SERVER $_SERVER['x'] $(cmd) {{ x }} {# no comment #} $$ 100%\n";
    assert_eq!(render(source, json!({})), source);
}

#[test]
fn lines_that_hold_only_a_block_leave_nothing_behind() {
    let source = "\
exports:
{% for share in shares %}
  {% if share.rw %}
${share.path} rw
  {% else %}
${share.path} ro
  {% endif %}
{% endfor %}
end
";
    let settings = json!({"shares": [{"path": "/a", "rw": true}, {"path": "/b", "rw": false}]});
    assert_eq!(render(source, settings), "exports:\n/a rw\n/b ro\nend\n");
}

#[test]
fn blocks_within_a_line_keep_the_line() {
    assert_eq!(render("a{% if on %} b{% endif %} c\n", json!({"on": true})), "a b c\n");
}

#[test]
fn other_delimiters_leave_shell_scripts_alone() {
    let script = "#!/bin/sh\necho ${KEY} ${#list[@]} $_SERVER {% x %} {# y #} ##name##\n";
    let delimiters = Delimiters::of_variables(Pair::new("##", "##"));
    let rendered = file("file `f`", script.as_bytes(), &delimiters, &variables(json!({"name": "web"})));
    assert_eq!(
        String::from_utf8(rendered.unwrap()).unwrap(),
        "#!/bin/sh\necho ${KEY} ${#list[@]} $_SERVER {% x %} {# y #} web\n"
    );
}

#[test]
fn blocks_and_comments_can_be_asked_for() {
    let delimiters = Delimiters {
        block: Some(Pair::new("<%", "%>")),
        comment: Some(Pair::new("<#", "#>")),
        ..Delimiters::of_variables(Pair::new("##", "##"))
    };
    let source = "<# none of this #>\n<% for x in list %>\n##x##\n<% endfor %>\n";
    let rendered = file("file `f`", source.as_bytes(), &delimiters, &variables(json!({"list": [1, 2]})));
    assert_eq!(String::from_utf8(rendered.unwrap()).unwrap(), "1\n2\n");
}

#[test]
fn missing_variables_are_named_with_file_line_and_nearest() {
    let settings = || json!({"http_port": 80, "shares": [{"path": "/a"}], "nothing": null});
    let errors = [
        refused("a\nb ${http_prot}\n", settings()),
        refused("${other}", settings()),
        refused("${_host.nam}", settings()),
        refused("{% for share in shares %}\n${share.create}\n{% endfor %}", settings()),
        refused("{% if other %}x{% endif %}", settings()),
        refused("\n\n${nothing}", settings()),
        refused("${http_port.x.y}", settings()),
        refused("{% for x in http_port %}{% endfor %}", settings()),
        refused("{% if http_port %}x", settings()),
        refused("${http_port | unknown}", settings()),
        refused("${http_port", settings()),
        refused("{% include 'other' %}", settings()),
    ];
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn optional_variables_can_be_asked_for() {
    assert_eq!(render("{% if other is defined %}x{% endif %}${other | default('y')}", json!({})), "y");
}

#[test]
fn filters_encode_for_addresses_and_json() {
    let settings = json!({"text": "a b/c?d=ä", "list": [1, {"k": "v\"", "b": true, "n": null}], "f": 1.5});
    assert_eq!(render("${text | url}", settings.clone()), "a%20b%2Fc%3Fd%3D%C3%A4");
    assert_eq!(render("${list | json} ${f | json}", settings), r#"[1,{"k":"v\"","b":true,"n":null}] 1.5"#);
}

#[test]
fn keys_that_are_no_identifiers_are_found_too() {
    assert_eq!(render("${_settings[\"ec2.zone\"]}", json!({"ec2.zone": "b"})), "b");
}

#[test]
fn attributes_know_only_variables_and_their_escape() {
    let render = |source: &str| attribute("path", source, &variables(json!({"dir": "/srv"})));
    assert_eq!(render("${dir}/{% x %}/$${dir}/$dir\n").unwrap(), "/srv/{% x %}/${dir}/$dir\n");
    assert_eq!(render("$${a}$${b}").unwrap(), "${a}${b}");
    assert_eq!(
        render("${dri}/x").unwrap_err().to_string(),
        "path: variable `dri` is not defined; the nearest is `dir`"
    );
}

#[test]
fn content_that_is_no_text_is_delivered_as_it_is() {
    let content = b"\xff\xfe${other}";
    let rendered = file("file `f`", content, &Delimiters::default(), &variables(json!({})));
    assert_eq!(rendered.unwrap(), content);
}

#[test]
fn templates_that_take_too_much_are_stopped() {
    let loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}x{% endfor %}{% endfor %}{% endfor %}";
    let error = refused(loops, json!({}));
    assert!(error.ends_with("rendering takes too long, or the result is too large"), "{error}");
}
