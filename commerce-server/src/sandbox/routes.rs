//! What the sandbox process answers to whom: routes read, ask the desk, and write.

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use commerce_core::id::{AttemptId, PaymentId};
use commerce_core::ports::{CallKey, LookUp};
use commerce_core::sandbox::{Call, Ledger, Sandbox};
use serde::Deserialize;

use super::desk::{Desk, DeskError};
use super::wire::{
    self, ActBody, CallBody, Charges, Entry, Fact, LedgerSummary, LookUpBody, LookedUp, Options, Outcome, Problem, SettleBody, Totals,
};

const BODY_MAX_BYTES: usize = 16_384;
const PAGE_MAX_ROWS: usize = Sandbox::REPORTS_MAX;

pub(crate) fn router(desk: Desk) -> Router {
    Router::new()
        .route("/health", get(|| async { Json(serde_json::json!({ "status": "ok" })) }))
        .route("/options", get(options))
        .route("/calls", post(call))
        .route("/look-ups", post(look_up))
        .route("/settlements", post(settle))
        .route("/acts", post(act))
        .route("/reports", get(reports))
        .route("/ledger", get(ledger))
        .route("/ledger/entries", get(entries))
        .route("/ledger/attempts/{attempt}", get(charges))
        .route("/ledger/payments/{payment}", get(payment))
        .fallback(|| async { Refused::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here") })
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .with_state(desk)
}

struct Refused(StatusCode, Problem);

impl Refused {
    fn new(status: StatusCode, code: &str, message: impl ToString) -> Self {
        Self(status, Problem { code: code.to_owned(), message: message.to_string() })
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}

impl From<wire::WireError> for Refused {
    fn from(error: wire::WireError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", error)
    }
}

impl From<JsonRejection> for Refused {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), "malformed", rejection.body_text())
    }
}

impl From<QueryRejection> for Refused {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), "malformed", rejection.body_text())
    }
}

impl From<DeskError> for Refused {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::NotTaken => Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_taken", error),
            DeskError::InDoubt => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "in_doubt", error),
        }
    }
}

type Body<T> = Result<Json<T>, JsonRejection>;
type Answer<T> = Result<Json<T>, Refused>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    #[serde(default)]
    after: usize,
}

async fn options(State(desk): State<Desk>) -> Json<Options> {
    Json(desk.options().into())
}

async fn call(State(desk): State<Desk>, body: Body<CallBody>) -> Answer<Outcome> {
    let Json(body) = body?;
    let (key, call) = (wire::key(&body.key)?, Call::try_from(&body.call)?);
    Ok(Json((&desk.call(key, call).await?).into()))
}

async fn look_up(State(desk): State<Desk>, body: Body<LookUpBody>) -> Answer<LookedUp> {
    let key = wire::key(&body?.key)?;
    Ok(Json(match desk.read(move |book, now| book.look_up(now, key)).await? {
        LookUp::Found(outcome) => LookedUp::Found { outcome: (&outcome).into() },
        LookUp::NotFound => LookedUp::NotFound,
    }))
}

async fn settle(State(desk): State<Desk>, body: Body<SettleBody>) -> Result<StatusCode, Refused> {
    let Json(body) = body?;
    decide(&desk, wire::key(&body.key)?, &body.decision).await
}

async fn act(State(desk): State<Desk>, body: Body<ActBody>) -> Result<StatusCode, Refused> {
    let Json(body) = body?;
    decide(&desk, CallKey::Authorize(attempt(&body.attempt)?), &body.decision).await
}

async fn decide(desk: &Desk, key: CallKey, decision: &str) -> Result<StatusCode, Refused> {
    match desk.settle(key, wire::decision(decision)?).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(not_waiting) => Err(Refused::new(StatusCode::CONFLICT, "not_waiting", not_waiting)),
    }
}

async fn reports(State(desk): State<Desk>, page: Result<Query<Page>, QueryRejection>) -> Answer<Vec<Fact>> {
    let Query(Page { after }) = page?;
    let facts = desk.read(move |book, now| {
        book.advance(now);
        book.reports(after, PAGE_MAX_ROWS).iter().map(Fact::from).collect()
    });
    Ok(Json(facts.await?))
}

async fn ledger(State(desk): State<Desk>) -> Answer<LedgerSummary> {
    read(&desk, |ledger| LedgerSummary {
        entries: ledger.entries().len(),
        fault: ledger.check().err().map(|fault| fault.to_string()),
        totals: ledger.totals().into_iter().map(Totals::from).collect(),
    })
    .await
}

async fn entries(State(desk): State<Desk>, page: Result<Query<Page>, QueryRejection>) -> Answer<Vec<Entry>> {
    let Query(Page { after }) = page?;
    read(&desk, move |ledger| ledger.entries().iter().skip(after).take(PAGE_MAX_ROWS).map(Entry::from).collect()).await
}

async fn charges(State(desk): State<Desk>, Path(id): Path<String>) -> Answer<Charges> {
    let id = attempt(&id)?;
    read(&desk, move |ledger| Charges { charges: ledger.charges(id) }).await
}

async fn payment(State(desk): State<Desk>, Path(id): Path<String>) -> Answer<Vec<Totals>> {
    let id = id.parse::<PaymentId>().map_err(|error| Refused::new(StatusCode::BAD_REQUEST, "malformed", error))?;
    read(&desk, move |ledger| ledger.payment(id).into_iter().map(Totals::from).collect()).await
}

async fn read<T: Send + 'static>(desk: &Desk, ask: impl FnOnce(&Ledger) -> T + Send + 'static) -> Answer<T> {
    let answer = desk.read(move |book, now| {
        book.advance(now);
        ask(book.ledger())
    });
    Ok(Json(answer.await?))
}

fn attempt(id: &str) -> Result<AttemptId, Refused> {
    id.parse().map_err(|error| Refused::new(StatusCode::BAD_REQUEST, "malformed", error))
}
