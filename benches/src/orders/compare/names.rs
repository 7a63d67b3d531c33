//! Names for what differs between equal orders: ids, SKUs, customers, times and places in the feed.

use std::collections::HashMap;

use rusqlite::types::Value;
use serde_json::Value as Json;
use uuid::Uuid;

/// Microseconds since 1970 are greater than this, amounts and counts of the load are not.
const TIME_MIN_US: i64 = 1_000_000_000_000_000;
const HOUR_US: i64 = 3_600 * 1_000_000;
const UUID_CHARS: usize = 36;

/// Names within one order, each by the place of its first appearance.
pub(super) struct Names {
    placed_at: i64,
    /// The order's places in the feed, in order.
    seqs: Vec<i64>,
    /// SKUs of accounts by their row.
    accounts: HashMap<i64, String>,
    ids: HashMap<Uuid, usize>,
    words: HashMap<String, usize>,
}

impl Names {
    pub(super) fn new(placed_at: i64, seqs: Vec<i64>, accounts: HashMap<i64, String>) -> Self {
        Self { placed_at, seqs, accounts, ids: HashMap::new(), words: HashMap::new() }
    }

    /// A column's value with its names.
    pub(super) fn column(&mut self, table: &str, column: &str, value: &Value) -> String {
        match (table, column, value) {
            (_, "seq", Value::Integer(seq)) | ("movements", "n", Value::Integer(seq)) | ("holds", "first", Value::Integer(seq)) => {
                let place = self.seqs.iter().position(|known| known == seq);
                place.map_or_else(|| "out of the order".to_owned(), |place| format!("place {place}"))
            }
            // the books prove which one
            ("movements", "prev", Value::Integer(_)) => "the one before".to_owned(),
            ("movements", "account", Value::Integer(account)) => match self.accounts.get(account).cloned() {
                Some(sku) => format!("account of {}", self.word("sku", &sku)),
                None => "no account".to_owned(),
            },
            (_, "n", Value::Integer(_)) => "row".to_owned(),
            (_, _, Value::Null) => "null".to_owned(),
            (_, _, Value::Integer(number)) => self.number(*number),
            (_, _, Value::Real(number)) => number.to_string(),
            (_, _, Value::Text(text)) => format!("'{}'", self.text(text)),
            (_, _, Value::Blob(bytes)) => self.blob(bytes),
        }
    }

    fn blob(&mut self, bytes: &[u8]) -> String {
        if let Ok(id) = Uuid::from_slice(bytes) {
            return self.id(id);
        }
        match serde_json::from_slice::<Json>(bytes) {
            Ok(json) => self.json(json).to_string(),
            Err(_) => format!("b'{}'", self.text(&String::from_utf8_lossy(bytes))),
        }
    }

    fn json(&mut self, json: Json) -> Json {
        match json {
            Json::String(text) => Json::String(self.text(&text)),
            Json::Number(number) => match number.as_i64() {
                Some(number) if number >= TIME_MIN_US => Json::String(self.number(number)),
                _ => Json::Number(number),
            },
            Json::Array(items) => items.into_iter().map(|item| self.json(item)).collect(),
            Json::Object(fields) => fields.into_iter().map(|(name, field)| (name, self.json(field))).collect(),
            Json::Null | Json::Bool(_) => json,
        }
    }

    /// A number; a time as whole hours since the order was placed.
    fn number(&self, number: i64) -> String {
        if number < TIME_MIN_US {
            return number.to_string();
        }
        let hours = (number - self.placed_at + HOUR_US / 2).div_euclid(HOUR_US);
        format!("placed + {hours} h")
    }

    fn text(&mut self, text: &str) -> String {
        for kind in ["SKU", "customer"] {
            if text.strip_prefix(kind).and_then(|rest| rest.strip_prefix('-')).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
            {
                return self.word(kind, text);
            }
        }
        let mut named = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let id = rest.get(..UUID_CHARS).filter(|part| part.as_bytes()[8] == b'-').and_then(|part| Uuid::try_parse(part).ok());
            let step = match id {
                Some(id) => {
                    named.push_str(&self.id(id));
                    UUID_CHARS
                }
                None => {
                    named.push(first);
                    first.len_utf8()
                }
            };
            rest = &rest[step..];
        }
        named
    }

    fn id(&mut self, id: Uuid) -> String {
        let next = self.ids.len();
        format!("id {}", self.ids.entry(id).or_insert(next))
    }

    fn word(&mut self, kind: &str, word: &str) -> String {
        let next = self.words.len();
        format!("{kind} {}", self.words.entry(word.to_owned()).or_insert(next))
    }
}
