use std::collections::BTreeSet;

use commerce_server::api::contract::PLAIN;
use commerce_server::api::{Code, Operation, PREFIX, contract};
use serde_json::Value;

use crate::schema::Contract;

/// The engine's operations that no door offers yet.
const NOT_OFFERED: [&str; 28] = [
    "sweep",
    "verify",
    "erase_customer",
    "get_order_as_of",
    "process_payment",
    "get_payment",
    "list_payments",
    "list_refunds",
    "capture_payment",
    "refund_payment",
    "void_payment",
    "report_payment",
    "get_saga",
    "list_sagas",
    "retry_saga",
    "skip_saga",
    "force_saga",
    "abandon_saga",
    "create_cart",
    "get_cart",
    "put_cart_line",
    "remove_cart_line",
    "delete_cart",
    "merge_carts",
    "checkout_cart",
    "read_feed",
    "feed_head",
    "feed_changed",
];

#[test]
fn the_committed_document_is_what_the_code_writes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap();
    let written = contract().to_pretty_json().unwrap() + "\n";
    assert!(
        committed == written,
        "see what changed after: cargo run -p commerce-server --bin commerce -- openapi > commerce-server/openapi.json"
    );
}

#[test]
fn every_operation_stands_in_the_document_once_and_nothing_else_does() {
    let document = serde_json::to_value(contract()).unwrap();
    let mut found = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(found.insert((method.to_uppercase(), path.clone(), id.to_owned())), "{id} twice");
        }
    }
    let ids: BTreeSet<&str> = found.iter().map(|(_, _, id)| id.as_str()).collect();
    assert_eq!(ids.len(), found.len());
    let mut listed: BTreeSet<_> =
        Operation::all().map(|one| (one.method.as_str().to_owned(), format!("{PREFIX}{}", one.path), one.id.to_owned())).collect();
    listed.extend(PLAIN.iter().map(|plain| ("GET".to_owned(), plain.path.to_owned(), plain.id.to_owned())));
    assert_eq!(found, listed);
}

/// The names of all operations of the engine's facade, as they stand in its source.
fn facade() -> BTreeSet<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../commerce-core/src/engine");
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ext| ext != "rs") {
            continue;
        }
        let source = std::fs::read_to_string(path).unwrap();
        for part in source.split("\nimpl Commerce {").skip(1) {
            let body = part.split("\n}\n").next().unwrap();
            names.extend(body.split("\n    pub async fn ").skip(1).map(|head| head.split(['(', '<']).next().unwrap().to_owned()));
        }
    }
    names
}

#[test]
fn an_operation_has_the_name_that_it_has_in_the_engine() {
    let facade = facade();
    assert!(facade.len() > 40, "{facade:?}");
    // two ways to ask for one thing need two names
    let offered: BTreeSet<String> = Operation::all().map(|one| one.id.to_owned()).filter(|id| id != "delete_order").collect();
    assert_eq!(offered.difference(&facade).collect::<Vec<_>>(), Vec::<&String>::new(), "not in the engine");
    let missing: Vec<&String> = facade.difference(&offered).filter(|name| !NOT_OFFERED.contains(&name.as_str())).collect();
    assert_eq!(missing, Vec::<&String>::new(), "in the engine, and not offered");
}

#[test]
fn the_document_tells_of_every_code_with_its_status_and_meaning() {
    let document = serde_json::to_value(contract()).unwrap();
    let code = document.pointer("/components/schemas/Problem/properties/code").unwrap();
    let names: Vec<&str> = code["enum"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(names, Code::ALL.iter().map(|code| code.name()).collect::<Vec<_>>());
    let told = code["description"].as_str().unwrap();
    for code in Code::ALL {
        assert!(told.contains(&format!("`{}` ({}): {}", code.name(), code.status(), code.meaning())), "{code}");
    }
}

#[test]
fn references_lead_somewhere_and_examples_keep_their_own_schema() {
    let document = serde_json::to_value(contract()).unwrap();
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer} leads nowhere");
    }
    let contract = Contract::new();
    let mut examples = 0;
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        if let Some(example) = schema.get("example") {
            examples += 1;
            contract.check_request(name, example).unwrap_or_else(|why| panic!("the example of {name}: {why}"));
        }
    }
    assert!(examples > 5, "{examples} examples");
}

#[test]
fn unknown_members_are_refused_by_the_schemas_of_requests_too() {
    let document = serde_json::to_value(contract()).unwrap();
    let mut bodies = 0;
    for operation in Operation::all() {
        let path = &document["paths"][format!("{PREFIX}{}", operation.path)][operation.method.as_str().to_ascii_lowercase()];
        let Some(reference) = path.pointer("/requestBody/content/application~1json/schema/$ref").and_then(Value::as_str) else { continue };
        bodies += 1;
        let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
        assert_eq!(schema["additionalProperties"], false, "{operation:?}");
    }
    assert!(bodies > 20, "{bodies} bodies");
}
