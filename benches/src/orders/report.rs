//! The figures of a run, by name.

use serde_json::{Map, Value};

/// Figures by name, as one JSON object.
#[derive(Clone, Debug, Default)]
pub struct Report(Map<String, Value>);

impl Report {
    /// A figure, to three places after the point.
    pub(crate) fn put(&mut self, name: &str, figure: f64) {
        self.0.insert(name.to_owned(), ((figure * 1_000.0).round() / 1_000.0).into());
    }

    /// A count.
    pub(crate) fn put_count(&mut self, name: &str, count: u64) {
        self.0.insert(name.to_owned(), count.into());
    }

    pub(crate) fn put_text(&mut self, name: &str, text: &str) {
        self.0.insert(name.to_owned(), text.into());
    }

    /// One figure of the run; none if its phase was not run, or the store has no such thing.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All figures, in one line.
    pub fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }
}
