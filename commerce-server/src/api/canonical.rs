//! One form for all spellings of a JSON text: members sorted, no spaces, escapes resolved; numbers stay as they were written.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// Writes a JSON text in its one form; what is no JSON stays as it is.
pub(super) fn write(json: &str, out: &mut Vec<u8>) {
    let json = json.trim_matches([' ', '\t', '\n', '\r']);
    match json.bytes().next() {
        Some(b'{') => match serde_json::from_str::<BTreeMap<String, &RawValue>>(json) {
            Ok(members) => list(out, b'{', members, b'}', |(name, value), out| {
                text(&name, out);
                out.push(b':');
                write(value.get(), out);
            }),
            Err(_) => out.extend(json.bytes()),
        },
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(json) {
            Ok(values) => list(out, b'[', values, b']', |value, out| write(value.get(), out)),
            Err(_) => out.extend(json.bytes()),
        },
        Some(b'"') => match serde_json::from_str::<String>(json) {
            Ok(value) => text(&value, out),
            Err(_) => out.extend(json.bytes()),
        },
        _ => out.extend(json.bytes()),
    }
}

/// Writes a text as JSON.
pub(super) fn text(value: &str, out: &mut Vec<u8>) {
    out.extend(serde_json::Value::from(value).to_string().bytes());
}

fn list<T>(out: &mut Vec<u8>, open: u8, items: impl IntoIterator<Item = T>, close: u8, write: impl Fn(T, &mut Vec<u8>)) {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(json: &str) -> String {
        let mut bytes = Vec::new();
        write(json, &mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn spellings_of_one_body_have_one_form() {
        let form = r#"{"a":[1,{"b":null,"c":"é/\""}],"z":99.990}"#;
        assert_eq!(canonical(form), form);
        assert_eq!(canonical("\n{ \"z\" : 99.990,\t\"a\" : [ 1 , { \"c\" : \"\\u00e9\\/\\u0022\", \"b\" : null } ] }\r\n"), form);
    }

    #[test]
    fn different_bodies_have_different_forms() {
        let bodies =
            ["{}", "[]", r#"{"a":1}"#, r#"{"a":"1"}"#, r#"{"a":1.0}"#, r#"{"a":0.10000000000000000001}"#, r#"{"a":0.1}"#, "[[]]", ""];
        let forms: std::collections::BTreeSet<String> = bodies.iter().map(|body| canonical(body)).collect();
        assert_eq!(forms.len(), bodies.len(), "{forms:?}");
    }

    #[test]
    fn what_is_no_json_stays_as_it_is() {
        for text in ["{", "[1", "\"", "{1:2}", "nonsense"] {
            assert_eq!(canonical(text), text);
        }
    }
}
