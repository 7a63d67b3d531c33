//! What holds for all values and all bytes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;

use super::strategies::{carts, catalogue_items, consumer_events, events, facts, personal, saga_events};
use crate::money::{Currency, Money};
use crate::order::Event;
use crate::personal::{self as limits, Address, PersonalData};
use crate::ports::{PortError, PortErrorKind};
use crate::stored::{
    Kind, StoredError, decode_cart, decode_consumer, decode_item, decode_order, decode_payment, decode_personal, decode_saga, encode_cart,
    encode_consumer, encode_item, encode_order, encode_payment, encode_personal, encode_saga,
};

/// Every reader takes the bytes; what is accepted is written and read again as the same.
fn read_all(kind: &str, version: u16, bytes: &[u8]) {
    if let Ok(event) = decode_order(kind, version, bytes) {
        let again = encode_order(&event).unwrap();
        assert_eq!(decode_order(again.kind.as_str(), again.kind_version, &again.bytes).unwrap(), event);
    }
    let _ = (decode_payment(kind, version, bytes), decode_saga(kind, version, bytes), decode_consumer(kind, version, bytes));
    let _ = (decode_cart(bytes), decode_item(bytes), decode_personal(bytes));
}

fn damaged(mut bytes: Vec<u8>, damage: &[(Index, u8, u8)]) -> Vec<u8> {
    for (place, how, byte) in damage {
        let at = place.index(bytes.len().max(1)).min(bytes.len());
        match how % 4 {
            0 if at < bytes.len() => bytes[at] = *byte,
            1 => bytes.insert(at, *byte),
            2 => bytes.truncate(at),
            _ if at < bytes.len() => drop(bytes.remove(at)),
            _ => bytes.push(*byte),
        }
    }
    bytes
}

fn damage() -> impl Strategy<Value = Vec<(Index, u8, u8)>> {
    let byte = prop_oneof![any::<u8>(), proptest::sample::select(b"{}[]\",:0123456789-eE.\\untrfals ".to_vec())];
    proptest::collection::vec((any::<Index>(), any::<u8>(), byte), 1..4)
}

proptest! {
    #[test]
    fn an_event_reads_back_as_written(event in events()) {
        let written = encode_order(&event).unwrap();
        prop_assert_eq!(written.mirror, matches!(event, Event::Payment(_)));
        prop_assert_eq!(decode_order(written.kind.as_str(), written.kind_version, &written.bytes).unwrap(), event);
    }

    #[test]
    fn a_fact_has_the_same_bytes_in_its_own_stream_as_in_its_mirror(fact in facts()) {
        let own = encode_payment(&fact).unwrap();
        prop_assert!(!own.mirror);
        prop_assert_eq!(&decode_payment(own.kind.as_str(), own.kind_version, &own.bytes).unwrap(), &fact);
        let mirror = encode_order(&Event::Payment(fact)).unwrap();
        prop_assert_eq!((mirror.kind, mirror.kind_version, mirror.bytes), (own.kind, own.kind_version, own.bytes));
    }

    #[test]
    fn a_saga_event_reads_back_as_written(event in saga_events()) {
        let written = encode_saga(&event).unwrap();
        prop_assert_eq!(decode_saga(written.kind.as_str(), written.kind_version, &written.bytes).unwrap(), event);
    }

    #[test]
    fn a_consumer_event_reads_back_as_written(event in consumer_events()) {
        let written = encode_consumer(&event).unwrap();
        prop_assert_eq!(decode_consumer(written.kind.as_str(), written.kind_version, &written.bytes).unwrap(), event);
    }

    #[test]
    fn a_document_reads_back_as_written(cart in carts(), item in catalogue_items(), data in personal()) {
        prop_assert_eq!(decode_cart(&encode_cart(&cart).unwrap()).unwrap(), cart);
        prop_assert_eq!(decode_item(&encode_item(&item).unwrap()).unwrap(), item);
        prop_assert!(decode_personal(&encode_personal(&data).unwrap()).unwrap() == data);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(
        kind in proptest::sample::select(Kind::ALL), version in 0..3_u16, bytes in proptest::collection::vec(any::<u8>(), 0..64)
    ) {
        read_all(kind.as_str(), version, &bytes);
        read_all(&String::from_utf8_lossy(&bytes), version, b"{}");
    }

    #[test]
    fn damaged_events_are_refused_or_read_as_another_value(event in events(), damage in damage()) {
        let written = encode_order(&event).unwrap();
        read_all(written.kind.as_str(), 1, &damaged(written.bytes, &damage));
    }

    #[test]
    fn damaged_documents_are_refused_or_read_as_another_value(
        cart in carts(), item in catalogue_items(), data in personal(), damage in damage()
    ) {
        if let Ok(cart) = decode_cart(&damaged(encode_cart(&cart).unwrap(), &damage)) {
            prop_assert_eq!(decode_cart(&encode_cart(&cart).unwrap()).unwrap(), cart);
        }
        if let Ok(item) = decode_item(&damaged(encode_item(&item).unwrap(), &damage)) {
            prop_assert_eq!(decode_item(&encode_item(&item).unwrap()).unwrap(), item);
        }
        if let Ok(data) = decode_personal(&damaged(encode_personal(&data).unwrap(), &damage)) {
            prop_assert!(decode_personal(&encode_personal(&data).unwrap()).unwrap() == data);
        }
    }
}

#[test]
fn an_unknown_type_and_a_newer_version_are_told_apart() {
    let check = |result: Result<Event, StoredError>, message: &str| {
        let error = result.unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(PortError::from(error).kind, PortErrorKind::UnknownSchema);
    };
    check(decode_order("OrderPainted", 1, b"{}"), "unknown type of event \"OrderPainted\"");
    check(decode_order("SagaStuck", 1, b"{}"), "unknown type of event \"SagaStuck\"");
    check(decode_payment("OrderConfirmed", 1, b"{}").map(Event::Payment), "unknown type of event \"OrderConfirmed\"");
    check(decode_order("OrderConfirmed", 2, b"{}"), "unknown version 2 of OrderConfirmed");
    check(decode_order("OrderConfirmed", 0, b"{}"), "unknown version 0 of OrderConfirmed");
    check(decode_order("PaymentFailed", 2, b"{}"), "unknown version 2 of PaymentFailed");
    check(decode_saga("SagaStuck", 2, b"{}").map(|_| Event::OrderConfirmed), "unknown version 2 of SagaStuck");
    check(decode_cart(br#"{"v":2,"color":"red"}"#).map(|_| Event::OrderConfirmed), "unknown version 2 of cart");
}

#[test]
fn a_version_is_exact() {
    let check = |kind: &str, body: &str, message: &str| {
        let error = decode_order(kind, 1, body.as_bytes()).unwrap_err();
        assert_eq!(format!("{error}: {}", std::error::Error::source(&error).unwrap()), message, "{body}");
        assert_eq!(PortError::from(error).kind, PortErrorKind::Corrupt);
    };
    let form = |kind, column, why: &str| {
        format!("{kind} does not have the form of its version, line 1 column {column}: {why} at line 1 column {column}")
    };
    let held = |column, why: &str| form("OrderHeld", column, why);
    check("OrderHeld", r#"{"reason":"review"}"#, &held(19, "missing field `resume`"));
    let unknown = "unknown field `color`, expected one of `reason`, `resume`, `until`";
    check("OrderHeld", r#"{"reason":"review","resume":"pending","color":1}"#, &held(45, unknown));
    check("OrderHeld", r#"{"reason":"review","reason":"review"}"#, &held(27, "duplicate field `reason`"));
    check("OrderHeld", r#"{"reason":"boredom"}"#, &held(19, "invalid value: string \"boredom\", expected HoldReason"));
    check("OrderConfirmed", "{}{}", &form("OrderConfirmed", 3, "trailing characters"));
    let late = r#"{"to":"pending","pay_by":999999999999999999}"#;
    check("OrderResumed", late, &form("OrderResumed", 44, "invalid value: integer `999999999999999999`, expected Timestamp"));
    let none = r#"{"shipment":"01890a5d-ac96-774b-bcce-b302099a8057","lines":[[1,0]]}"#;
    check("ShipmentCreated", none, &form("ShipmentCreated", 65, "invalid value: integer `0`, expected Quantity"));
}

#[test]
fn bytes_that_are_not_text_are_refused_at_their_place() {
    let check = |body: &[u8], message: &str| {
        let error = decode_order("OrderRejected", 1, body).unwrap_err();
        assert_eq!(format!("{error}: {}", std::error::Error::source(&error).unwrap()), message);
        assert_eq!(PortError::from(error).kind, PortErrorKind::Corrupt);
    };
    let form = |place: &str, why: &str| format!("OrderRejected does not have the form of its version, {place}: {why}");
    check(b"\xff", &form("line 1 column 1", "invalid utf-8 sequence of 1 bytes from index 0"));
    check(b"{\"reason\":\"caf\xe9\"}", &form("line 1 column 15", "invalid utf-8 sequence of 1 bytes from index 14"));
    check(b"{\n\"reason\":\n \"\xe2\x82", &form("line 3 column 3", "incomplete utf-8 byte sequence from index 14"));
}

#[test]
fn what_an_attempt_waits_for_and_its_url_belong_together() {
    for rest in [r#""why":"action_required""#, r#""why":"pending","url":"https://example.com""#, r#""why":"rain""#] {
        let body = format!(r#"{{"attempt":"01890a5d-ac96-774b-bcce-b302099a8057",{rest}}}"#);
        let error = decode_payment("PaymentPending", 1, body.as_bytes()).unwrap_err();
        assert!(matches!(error, StoredError::Contradiction { kind: "PaymentPending", .. }), "{error}");
    }
}

#[test]
fn amounts_of_several_currencies_are_not_written() {
    let (pounds, euros) = (Money::from_minor(1, Currency::GBP), Money::from_minor(1, Currency::EUR));
    let event = Event::LinesCancelled { lines: Vec::new(), reason: String::new(), value: pounds, total: euros };
    assert_eq!(encode_order(&event).unwrap_err().to_string(), "LinesCancelled contradicts itself: amounts of several currencies");
}

#[test]
fn a_repeated_key_of_a_document_is_refused() {
    assert!(decode_personal(br#"{"v":1,"metadata":{"a":"1","b":"2"}}"#).is_ok());
    assert!(decode_personal(br#"{"v":1,"metadata":{"a":"1","a":"2"}}"#).is_err());
    let item = |prices: &str| format!(r#"{{"v":1,"sku":"A","title":"a","kind":"stocked","prices":{{{prices}}},"updated":0}}"#);
    assert!(decode_item(item(r#""GBP":1,"EUR":1"#).as_bytes()).is_ok());
    assert!(decode_item(item(r#""GBP":1,"GBP":1"#).as_bytes()).is_err());
}

#[test]
fn a_refusal_of_personal_data_repeats_nothing_of_it() {
    for body in [r#"{"v":1,"address":"1 High Street"}"#, r#"{"v":1,"Jane":"x"}"#] {
        let error = decode_personal(body.as_bytes()).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("line 1 column") && !shown.contains("High Street") && !shown.contains("Jane"), "{shown}");
    }
}

#[test]
fn the_largest_personal_data_fits_its_row() {
    const ROW_BYTES_MAX: usize = 64 * 1024;
    let full = |chars: usize| "😀".repeat(chars);
    let data = PersonalData {
        name: Some(full(limits::NAME_CHARS_MAX)),
        email: Some(format!("@{}", full(limits::EMAIL_CHARS_MAX - 1)).replacen("@😀", "😀@", 1)),
        phone: Some(full(limits::PHONE_CHARS_MAX)),
        address: Some(Address {
            line1: full(limits::ADDRESS_LINE_CHARS_MAX),
            line2: Some(full(limits::ADDRESS_LINE_CHARS_MAX)),
            city: full(limits::PLACE_CHARS_MAX),
            region: Some(full(limits::PLACE_CHARS_MAX)),
            postal_code: Some(full(limits::POSTAL_CODE_CHARS_MAX)),
            country: "GB".to_owned(),
        }),
        note: Some(full(limits::NOTE_CHARS_MAX)),
        metadata: (0..limits::METADATA_ENTRIES_MAX)
            .map(|n| {
                let digits = format!("{n:02}");
                (digits + &full(limits::METADATA_KEY_CHARS_MAX - 2), full(limits::METADATA_VALUE_CHARS_MAX))
            })
            .collect::<BTreeMap<_, _>>(),
    };
    assert_eq!(data.check(), Ok(()));
    assert!(encode_personal(&data).unwrap().len() <= ROW_BYTES_MAX);
}
