//! Where a value stands in a request, and what is wrong with it: reading goes on after a fault, so that a caller sees all of them at once.

use std::cell::RefCell;
use std::fmt::Display;

use super::problem::{Code, Fault, Problem, Spot};

/// Faults that one answer lists; further ones are left out.
pub const FAULTS_MAX: usize = 20;

/// Reads a value of a request into what the engine takes.
pub(crate) trait Read {
    /// What the engine takes.
    type Into;

    /// The value, or nothing after noting at least one fault at its place.
    fn read(self, at: &At<'_>) -> Option<Self::Into>;
}

/// The faults of one request.
#[derive(Debug, Default)]
pub(super) struct Faults(RefCell<Vec<Fault>>);

impl Faults {
    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    pub(super) fn into_problem(self) -> Problem {
        Problem::with(self.0.into_inner())
    }
}

/// A place in a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    faults: &'a Faults,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Body,
    Parameter(Spot, &'a str),
    Key(&'a At<'a>, &'a str),
    Index(&'a At<'a>, usize),
}

impl<'a> At<'a> {
    /// The body itself.
    pub(super) const fn body(faults: &'a Faults) -> Self {
        Self { faults, step: Step::Body }
    }

    /// A parameter of path, query or header.
    pub(super) const fn parameter(faults: &'a Faults, spot: Spot, name: &'a str) -> Self {
        Self { faults, step: Step::Parameter(spot, name) }
    }

    /// A member of the object here.
    #[must_use]
    pub(crate) const fn key(&'a self, name: &'a str) -> Self {
        Self { faults: self.faults, step: Step::Key(self, name) }
    }

    /// An element of the list here.
    #[must_use]
    pub(crate) const fn index(&'a self, index: usize) -> Self {
        Self { faults: self.faults, step: Step::Index(self, index) }
    }

    /// Reads a value that must be there.
    pub(crate) fn read<T: Read>(&self, value: T) -> Option<T::Into> {
        value.read(self)
    }

    /// Reads a value that may be left out.
    #[expect(clippy::option_option, reason = "none: a fault was noted; some of none: nothing was given")]
    pub(crate) fn maybe<T: Read>(&self, value: Option<T>) -> Option<Option<T::Into>> {
        value.map_or(Some(None), |value| value.read(self).map(Some))
    }

    /// Reads every element of a list.
    pub(crate) fn each<T: Read>(&self, values: Vec<T>) -> Option<Vec<T::Into>> {
        let read: Vec<Option<T::Into>> = values.into_iter().enumerate().map(|(index, value)| value.read(&self.index(index))).collect();
        read.into_iter().collect()
    }

    /// Notes a value that is not allowed.
    pub(crate) fn invalid(&self, detail: impl Display) {
        self.fault(Code::INVALID_VALUE, detail);
    }

    /// Notes a fault.
    pub(super) fn fault(&self, code: Code, detail: impl Display) {
        let mut faults = self.faults.0.borrow_mut();
        if faults.len() < FAULTS_MAX {
            let (spot, place) = self.place();
            faults.push(Fault::new(spot, place, code, detail.to_string()));
        }
    }

    fn place(&self) -> (Spot, String) {
        match self.step {
            Step::Body => (Spot::Body, String::new()),
            Step::Parameter(spot, name) => (spot, name.to_owned()),
            Step::Key(parent, name) => {
                let (spot, place) = parent.place();
                (spot, format!("{place}/{}", name.replace('~', "~0").replace('/', "~1")))
            }
            Step::Index(parent, index) => {
                let (spot, place) = parent.place();
                (spot, format!("{place}/{index}"))
            }
        }
    }
}
