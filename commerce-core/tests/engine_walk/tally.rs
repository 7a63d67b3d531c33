//! What the walks have reached, counted.

use std::collections::BTreeMap;

use commerce_core::order::{Event, Order};

/// Counts by what they are of and its name.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<(&'static str, String), u64>);

impl Tally {
    pub(crate) fn count(&mut self, of: &'static str, name: &str) {
        *self.0.entry((of, name.to_owned())).or_default() += 1;
    }

    /// Counts an event and where it led.
    pub(crate) fn saw(&mut self, event: &Event, order: &Order) {
        self.count("event", event.name());
        self.count("headline", order.headline().as_str());
        if let Event::OrderCancelled { reason } = event {
            self.count("cancelled", reason.as_str());
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (key, count) in other.0 {
            *self.0.entry(key).or_default() += count;
        }
    }

    pub(crate) fn print(&self) {
        for ((of, name), count) in &self.0 {
            eprintln!("{of:10} {name:24} {count}");
        }
    }

    /// Which of these were never reached.
    pub(crate) fn missing<'a>(&self, of: &'static str, names: &[&'a str]) -> Vec<&'a str> {
        names.iter().copied().filter(|name| !self.0.contains_key(&(of, (*name).to_owned()))).collect()
    }
}
