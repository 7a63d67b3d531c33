//! Given these events, when this is asked, then this happens: tests of deciders.

use std::fmt::{Debug, Write as _};

/// The two pure functions of an aggregate, as a test drives them.
pub trait Decider {
    /// What was folded from the events.
    type State: Debug;
    /// What happened; with its time, if folding needs it.
    type Event: Debug + PartialEq;
    /// What is asked.
    type Command: Debug;
    /// What it is judged by, beside the state.
    type Context: Debug;
    /// Why it is refused.
    type Refusal: Debug + PartialEq;
    /// Why an event cannot follow.
    type Illegal: Debug;

    /// The state before the first event.
    fn nothing(&self) -> Self::State;

    /// The state after one more event.
    ///
    /// # Errors
    /// If the event cannot follow.
    fn evolve(&self, state: Self::State, event: &Self::Event) -> Result<Self::State, Self::Illegal>;

    /// What happens if this is asked.
    ///
    /// # Errors
    /// If it is refused.
    fn decide(&self, state: &Self::State, command: Self::Command, context: &Self::Context) -> Result<Vec<Self::Event>, Self::Refusal>;
}

/// Events that have happened.
#[derive(Debug)]
pub struct Given<'a, D: Decider> {
    decider: &'a D,
    story: Vec<String>,
    state: D::State,
}

/// Begins a test: these events have happened.
///
/// # Panics
/// If one of them cannot follow those before it.
#[track_caller]
pub fn given<D: Decider>(decider: &D, events: impl IntoIterator<Item = D::Event>) -> Given<'_, D> {
    let start = Given { decider, story: Vec::new(), state: decider.nothing() };
    start.and(events)
}

impl<'a, D: Decider> Given<'a, D> {
    /// These happened as well.
    ///
    /// # Panics
    /// If one of them cannot follow those before it.
    #[must_use]
    #[track_caller]
    pub fn and(mut self, events: impl IntoIterator<Item = D::Event>) -> Self {
        for event in events {
            self.story.push(format!("{event:?}"));
            self.state = match self.decider.evolve(self.state, &event) {
                Ok(state) => state,
                Err(illegal) => panic!("{}the last of them cannot follow: {illegal:?}", told(&self.story)),
            };
        }
        self
    }

    /// The state that they lead to.
    pub const fn state(&self) -> &D::State {
        &self.state
    }

    /// This is asked.
    #[track_caller]
    pub fn when(self, command: D::Command, context: &D::Context) -> Decided<'a, D> {
        let asked = format!("{command:?}");
        let answer = self.decider.decide(&self.state, command, context);
        Decided { given: self, asked, answer }
    }
}

/// What a command led to.
#[derive(Debug)]
#[must_use = "it says nothing until it is compared"]
pub struct Decided<'a, D: Decider> {
    given: Given<'a, D>,
    asked: String,
    answer: Result<Vec<D::Event>, D::Refusal>,
}

impl<'a, D: Decider> Decided<'a, D> {
    /// Exactly these events happen, and they can follow. Answers them as given, so that a story goes on.
    ///
    /// # Panics
    /// If others do, with what was expected beside what happened.
    #[track_caller]
    pub fn then(self, expected: impl IntoIterator<Item = D::Event>) -> Given<'a, D> {
        let expected: Vec<D::Event> = expected.into_iter().collect();
        match self.answer {
            Ok(events) if events == expected => self.given.and(events),
            Ok(events) => panic!("{}{}", told_with(&self.given.story, &self.asked), compared(&expected, &events)),
            Err(refusal) => panic!("{}expected {expected:#?}\nrefused  {refusal:?}", told_with(&self.given.story, &self.asked)),
        }
    }

    /// Some events happen, and they can follow; `check` looks at them.
    ///
    /// # Panics
    /// If it is refused.
    #[track_caller]
    pub fn then_events(self, check: impl FnOnce(&[D::Event])) -> Given<'a, D> {
        match self.answer {
            Ok(events) => {
                check(&events);
                self.given.and(events)
            }
            Err(refusal) => panic!("{}expected events\nrefused  {refusal:?}", told_with(&self.given.story, &self.asked)),
        }
    }

    /// It is refused, for this reason. Answers what was given: nothing has happened.
    ///
    /// # Panics
    /// If it is not, or for another reason.
    #[track_caller]
    pub fn then_refused(self, expected: &D::Refusal) -> Given<'a, D> {
        self.then_refused_as(|refusal| refusal == expected, expected)
    }

    /// It is refused, for a reason that `is` recognizes and `expected` describes.
    ///
    /// # Panics
    /// If it is not, or for another reason.
    #[track_caller]
    pub fn then_refused_as(self, is: impl FnOnce(&D::Refusal) -> bool, expected: impl Debug) -> Given<'a, D> {
        match self.answer {
            Err(refusal) if is(&refusal) => self.given,
            Err(refusal) => {
                panic!("{}expected refusal {expected:?}\ngot              {refusal:?}", told_with(&self.given.story, &self.asked))
            }
            Ok(events) => panic!("{}expected refusal {expected:?}\nhappened {events:#?}", told_with(&self.given.story, &self.asked)),
        }
    }
}

fn told(story: &[String]) -> String {
    let mut text = String::from("given\n");
    for (number, event) in (1..).zip(story) {
        let _ = writeln!(text, "  {number}. {event}");
    }
    text
}

fn told_with(story: &[String], asked: &str) -> String {
    format!("{}when\n  {asked}\n", told(story))
}

/// Expected and actual events, line by line; those that differ are marked.
fn compared<E: Debug + PartialEq>(expected: &[E], actual: &[E]) -> String {
    let mut text = String::from("then\n");
    for index in 0..expected.len().max(actual.len()) {
        match (expected.get(index), actual.get(index)) {
            (Some(wanted), Some(found)) if wanted == found => {
                let _ = writeln!(text, "    {found:?}");
            }
            (wanted, found) => {
                let show = |event: Option<&E>| event.map_or_else(|| "nothing".to_owned(), |event| format!("{event:?}"));
                let _ = writeln!(text, "  - expected {}\n  + happened {}", show(wanted), show(found));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// A purse: it never gives more than it has.
    struct Purse;

    #[derive(Clone, Debug, PartialEq)]
    enum Event {
        Put(u32),
        Taken(u32),
    }

    impl Decider for Purse {
        type State = u32;
        type Event = Event;
        type Command = u32;
        type Context = ();
        type Refusal = &'static str;
        type Illegal = &'static str;

        fn nothing(&self) -> u32 {
            0
        }

        fn evolve(&self, state: u32, event: &Event) -> Result<u32, &'static str> {
            match event {
                Event::Put(coins) => Ok(state + coins),
                Event::Taken(coins) => state.checked_sub(*coins).ok_or("more than it had"),
            }
        }

        fn decide(&self, state: &u32, command: u32, (): &()) -> Result<Vec<Event>, &'static str> {
            if command > *state { Err("too little") } else { Ok(vec![Event::Taken(command)]) }
        }
    }

    fn message(test: impl FnOnce()) -> String {
        let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("the test must fail");
        panic.downcast_ref::<String>().cloned().unwrap_or_default()
    }

    #[test]
    fn a_story_goes_on_from_what_happened() {
        let story = given(&Purse, [Event::Put(5)]).when(2, &()).then([Event::Taken(2)]).when(4, &()).then_refused(&"too little");
        assert_eq!(*story.state(), 3);
    }

    #[test]
    fn a_failure_tells_what_was_given_asked_expected_and_what_happened() {
        let told = message(|| drop(given(&Purse, [Event::Put(5), Event::Put(1)]).when(2, &()).then([Event::Taken(3)])));
        let expected = "given\n  1. Put(5)\n  2. Put(1)\nwhen\n  2\nthen\n  - expected Taken(3)\n  + happened Taken(2)\n";
        assert_eq!(told, expected);
    }

    #[test]
    fn a_refusal_where_events_were_expected_and_the_other_way_round_fails() {
        let refused = message(|| drop(given(&Purse, []).when(2, &()).then([Event::Taken(2)])));
        assert!(refused.contains("refused  \"too little\""), "{refused}");
        let happened = message(|| drop(given(&Purse, [Event::Put(2)]).when(2, &()).then_refused(&"too little")));
        assert!(happened.contains("happened [\n    Taken("), "{happened}");
        let other = message(|| drop(given(&Purse, []).when(2, &()).then_refused(&"no")));
        assert!(other.contains("expected refusal \"no\""), "{other}");
    }

    #[test]
    fn an_event_that_cannot_follow_fails_the_test() {
        let told = message(|| drop(given(&Purse, [Event::Put(1), Event::Taken(2)])));
        assert!(told.contains("cannot follow") && told.contains("2. Taken(2)"), "{told}");
    }
}
