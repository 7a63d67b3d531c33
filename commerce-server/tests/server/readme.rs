use std::process::Command;

use serde_json::Value;

use crate::process::Place;

/// The blocks of README.md in a language.
fn blocks(language: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let fence = format!("```{language}\n");
    readme.split(&fence).skip(1).map(|rest| rest.split("\n```").next().unwrap().to_owned()).collect()
}

/// Whether all that the excerpt says is so.
fn holds(excerpt: &Value, whole: &Value) -> bool {
    match (excerpt, whole) {
        (Value::Object(some), Value::Object(all)) => {
            some.iter().all(|(name, value)| all.get(name).is_some_and(|found| holds(value, found)))
        }
        (Value::Array(some), Value::Array(all)) => some.len() == all.len() && some.iter().zip(all).all(|(some, all)| holds(some, all)),
        _ => excerpt == whole,
    }
}

#[test]
fn the_first_order_of_the_readme_works_as_written() {
    let place = Place::new();
    let server = place.serve();
    let script: Vec<String> = blocks("sh").into_iter().filter(|block| block.contains("curl ")).collect();
    assert_eq!(script.len(), 1, "one block of curl commands");
    let script = script[0].replace("127.0.0.1:8080", &server.address.to_string());
    assert!(script.contains(&server.address.to_string()));
    let strict = "set -eu\ncurl() { command curl --fail-with-body --silent --show-error \"$@\" && echo; }\n";
    let output = Command::new("sh").args(["-c", &format!("{strict}{script}")]).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{out}{err}");
    let last: Value = serde_json::from_str(out.lines().rfind(|line| !line.is_empty()).unwrap()).unwrap();
    let excerpts: Vec<Value> = blocks("json").iter().map(|block| serde_json::from_str(block).unwrap()).collect();
    assert_eq!(excerpts.len(), 1, "one excerpt of what comes back");
    assert!(holds(&excerpts[0], &last), "the readme says {:#}, the server {last:#}", excerpts[0]);
}
