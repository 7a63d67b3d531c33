//! A door without a transport. Every answer that goes through it is held against the contract.

use commerce_core::ports::{Actor, ActorKind, FeedItem, Position, Shard};
use commerce_core::testkit::shop::Shop;
use commerce_server::api::{Answered, Asked, Caller, Operation, Problem};
use futures::executor::block_on;
use serde_json::Value;

use crate::schema::Contract;

pub(crate) struct Door {
    pub(crate) shop: Shop,
    contract: Contract,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) json: Value,
    pub(crate) answered: Option<Answered>,
}

impl Reply {
    /// The value at a JSON pointer.
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.json.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {:#}", self.json))
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.at(pointer).as_str().unwrap_or_else(|| panic!("{pointer} is no text in {:#}", self.json))
    }

    pub(crate) fn code(&self) -> &str {
        self.text("/code")
    }

    /// The same, if it has this status.
    #[track_caller]
    pub(crate) fn with(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:#}", self.json);
        self
    }
}

/// A request with a body.
pub(crate) fn body(json: impl ToString) -> Asked {
    Asked { content_type: Some("application/json".to_owned()), body: json.to_string().into_bytes(), ..Asked::default() }
}

/// A request with parameters.
pub(crate) fn query(parameters: &[(&str, &str)]) -> Asked {
    Asked { query: parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(), ..Asked::default() }
}

impl Door {
    pub(crate) fn open() -> Self {
        Self { shop: block_on(Shop::in_memory().open()), contract: Contract::new() }
    }

    pub(crate) fn of(shop: Shop) -> Self {
        Self { shop, contract: Contract::new() }
    }

    /// Asks for an operation; `path` are the values of its placeholders in order.
    #[track_caller]
    pub(crate) fn ask(&self, id: &str, path: &[&str], asked: Asked) -> Reply {
        let operation = Operation::named(id).unwrap_or_else(|| panic!("there is no {id}"));
        let names: Vec<&str> = operation.placeholders().collect();
        assert_eq!(names.len(), path.len(), "{operation:?}");
        let path = names.into_iter().zip(path).map(|(name, value)| (name.to_owned(), (*value).to_owned())).collect();
        let caller = Caller { merchant: self.shop.call.merchant.clone(), actor: Actor { kind: ActorKind::Staff, id: "till-1".into() } };
        let asked = Asked { path, ..asked };
        let reply = block_on(self.shop.run(operation.answer(&self.shop.commerce, &caller, &asked)));
        self.hold_to_contract(operation, reply)
    }

    /// Asks with a body.
    #[track_caller]
    pub(crate) fn tell(&self, id: &str, path: &[&str], json: impl ToString) -> Reply {
        self.ask(id, path, body(json))
    }

    /// Asks with nothing else.
    #[track_caller]
    pub(crate) fn get(&self, id: &str, path: &[&str]) -> Reply {
        self.ask(id, path, Asked::default())
    }

    /// Everything that was ever written.
    pub(crate) fn feed(&self) -> Vec<FeedItem> {
        block_on(self.shop.store.feed.read(Shard(0), Position(0), 1_000, true)).unwrap()
    }

    #[track_caller]
    fn hold_to_contract(&self, operation: &Operation, reply: Result<Answered, Problem>) -> Reply {
        match reply {
            Ok(answered) => {
                let json: Value = serde_json::from_slice(&answered.body).unwrap();
                self.contract.check_answer(operation, answered.status, &json);
                Reply { status: answered.status, json, answered: Some(answered) }
            }
            Err(problem) => {
                let json: Value = serde_json::from_slice(&problem.to_json()).unwrap();
                self.contract.check_problem(operation, problem.status(), &json);
                let codes = operation.refusals().remove(&problem.status()).unwrap_or_default();
                assert!(codes.contains(&problem.code), "{operation:?} does not tell of {}: {json:#}", problem.code);
                Reply { status: problem.status(), json, answered: None }
            }
        }
    }
}
