//! The golden files: bytes that were written once are read and written the same forever.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::samples;
use crate::consumer;
use crate::order::Event;
use crate::saga;
use crate::stored::kind::Home;
use crate::stored::{
    Encoded, Kind, decode_cart, decode_consumer, decode_item, decode_order, decode_payment, decode_personal, decode_saga, encode_cart,
    encode_consumer, encode_item, encode_order, encode_payment, encode_personal, encode_saga,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/stored/golden/v1")
}

/// The file's bytes, which must be those that were written now; its last line break is not one of them.
fn golden(file: &str, written: &[u8]) -> Vec<u8> {
    let path = folder().join(file);
    let now = String::from_utf8(written.to_vec()).unwrap();
    let then = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}; it would hold {now}", path.display()));
    let then = then.strip_suffix('\n').unwrap_or(&then);
    assert_eq!(then, now, "{file}");
    then.as_bytes().to_vec()
}

fn file(kind: &str, sample: &str) -> String {
    format!("{kind}.{sample}.json")
}

fn name_of_saga_event(event: &saga::Event) -> &'static str {
    match event {
        saga::Event::SagaStuck { .. } => "SagaStuck",
        saga::Event::SagaResolved { .. } => "SagaResolved",
    }
}

fn name_of_consumer_event(event: &consumer::Event) -> &'static str {
    match event {
        consumer::Event::ConsumerReset { .. } => "ConsumerReset",
        consumer::Event::ParkedReplayed { .. } => "ParkedReplayed",
        consumer::Event::ParkedDropped { .. } => "ParkedDropped",
    }
}

fn check(sample: &str, name: &str, written: &Encoded, mirror: bool) -> Vec<u8> {
    assert_eq!((written.kind.as_str(), written.kind_version, written.mirror), (name, 1, mirror));
    golden(&file(name, sample), &written.bytes)
}

#[test]
fn every_event_of_an_order_has_the_bytes_of_its_golden_file() {
    for (sample, event) in samples::order_events() {
        let bytes = check(sample, event.name(), &encode_order(&event).unwrap(), matches!(event, Event::Payment(_)));
        assert_eq!(decode_order(event.name(), 1, &bytes).unwrap(), event);
    }
}

#[test]
fn every_fact_of_a_payment_has_the_bytes_of_its_golden_file() {
    for (sample, fact) in samples::facts() {
        let bytes = check(sample, fact.name(), &encode_payment(&fact).unwrap(), false);
        assert_eq!(decode_payment(fact.name(), 1, &bytes).unwrap(), fact);
    }
}

#[test]
fn every_event_of_a_saga_has_the_bytes_of_its_golden_file() {
    for (sample, event) in samples::saga_events() {
        let bytes = check(sample, name_of_saga_event(&event), &encode_saga(&event).unwrap(), false);
        assert_eq!(decode_saga(name_of_saga_event(&event), 1, &bytes).unwrap(), event);
    }
}

#[test]
fn every_event_of_a_consumer_has_the_bytes_of_its_golden_file() {
    for (sample, event) in samples::consumer_events() {
        let bytes = check(sample, name_of_consumer_event(&event), &encode_consumer(&event).unwrap(), false);
        assert_eq!(decode_consumer(name_of_consumer_event(&event), 1, &bytes).unwrap(), event);
    }
}

#[test]
fn every_document_has_the_bytes_of_its_golden_file() {
    for (sample, cart) in samples::carts() {
        assert_eq!(decode_cart(&golden(&file("cart", sample), &encode_cart(&cart).unwrap())).unwrap(), cart);
    }
    for (sample, item) in samples::items() {
        assert_eq!(decode_item(&golden(&file("item", sample), &encode_item(&item).unwrap())).unwrap(), item);
    }
    for (sample, data) in samples::personal() {
        assert!(decode_personal(&golden(&file("personal", sample), &encode_personal(&data).unwrap())).unwrap() == data);
    }
}

#[test]
fn every_type_has_a_full_and_a_minimal_golden_file_and_no_file_goes_unread() {
    let order = samples::order_events().into_iter().map(|(sample, event)| (sample, event.name()));
    let sagas = samples::saga_events().into_iter().map(|(sample, event)| (sample, name_of_saga_event(&event)));
    let consumers = samples::consumer_events().into_iter().map(|(sample, event)| (sample, name_of_consumer_event(&event)));
    let documents = ["cart", "item", "personal"].into_iter().flat_map(|name| [("full", name), ("minimal", name)]);
    let sampled: BTreeSet<String> = order.chain(sagas).chain(consumers).chain(documents).map(|(sample, name)| file(name, sample)).collect();
    for kind in Kind::ALL {
        for sample in ["full", "minimal"] {
            assert!(sampled.contains(&file(kind.as_str(), sample)), "{kind} has no {sample} sample");
        }
    }
    let found: BTreeSet<String> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(found, sampled);
}

#[test]
fn every_type_is_at_home_in_the_stream_that_reads_it() {
    for kind in Kind::ALL {
        let unknown = |message: String| message.starts_with("unknown type");
        let read = [
            !unknown(decode_order(kind.as_str(), 0, b"").unwrap_err().to_string()),
            !unknown(decode_payment(kind.as_str(), 0, b"").unwrap_err().to_string()),
            !unknown(decode_saga(kind.as_str(), 0, b"").unwrap_err().to_string()),
            !unknown(decode_consumer(kind.as_str(), 0, b"").unwrap_err().to_string()),
        ];
        let expected = match kind.home() {
            Home::Order => [true, false, false, false],
            Home::Payment => [true, true, false, false],
            Home::Saga => [false, false, true, false],
            Home::Consumer => [false, false, false, true],
        };
        assert_eq!(read, expected, "{kind}");
    }
}
