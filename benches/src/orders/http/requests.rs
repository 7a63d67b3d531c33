//! Requests as bytes, made before they are sent.

use crate::orders::callers::{Basket, pick_customer};
use crate::orders::shop::sku;

/// Different bodies of one load: connections take them at random, and the same body is another order each time.
const BODIES: usize = 4_096;

/// Orders of three lines.
pub(super) fn long_forms(random: &mut fastrand::Rng, skus: u16) -> Vec<Vec<u8>> {
    let body = |random: &mut fastrand::Rng| {
        let picked = Basket::Spread(3).pick(random, skus);
        let lines: Vec<String> = picked.into_iter().map(|n| format!(r#"{{"sku":"{}","quantity":1}}"#, sku(n))).collect();
        format!(
            r#"{{"customer_id":"customer-{}","currency":"EUR","lines":[{}],"payment_method_id":"sandbox_visa"}}"#,
            pick_customer(random),
            lines.join(",")
        )
    };
    (0..BODIES).map(|_| post(&body(random))).collect()
}

/// Orders of one line, in the short form.
pub(super) fn short_forms(random: &mut fastrand::Rng, skus: u16) -> Vec<Vec<u8>> {
    let body = |random: &mut fastrand::Rng| {
        let sku = sku(random.u16(..skus));
        let customer = pick_customer(random);
        format!(r#"{{"user_id":"customer-{customer}","product_id":"{sku}","quantity":1,"payment_method_id":"sandbox_visa"}}"#)
    };
    (0..BODIES).map(|_| post(&body(random))).collect()
}

/// Reads of these orders.
pub(super) fn reads(ids: &[String]) -> Vec<Vec<u8>> {
    ids.iter().map(|id| format!("GET /api/v1/orders/{id} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()).collect()
}

fn post(body: &str) -> Vec<u8> {
    let length = body.len();
    let head = "POST /api/v1/orders HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length:";
    format!("{head} {length}\r\n\r\n{body}").into_bytes()
}
