//! Stock: accounts, what moves their units, and what is low.

use crate::engine::commerce::{Inner, Moment};
use crate::engine::error::Loss;
use crate::engine::orders::{list_error, page_limit};
use crate::engine::{Answer, Call, Commerce, Error, How};
use crate::goods::ItemKind;
use crate::id::{LocationId, MoveId, Sku};
use crate::ports::{ChangeSet, Cursor, FeedItem, Page, Partition, PortErrorKind, ResourceKind, ResourceRef, Root, StockSummary, Verdict};
use crate::quantity::Quantity;
use crate::stock::{Account, AccountKey, LIMIT_MAX_UNITS, Limits, Move, REASON_MAX_CHARS};

/// An account to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateItem {
    /// Of what.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
    /// What it may promise, and when it wants more.
    pub limits: Limits,
    /// Units that are there already.
    pub opening: Option<Quantity>,
}

/// One account: a SKU at a location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockLevel {
    /// Of what.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
    /// What it holds; [`Account::available`] is what can still be promised.
    pub account: Account,
}

/// A SKU's stock as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockItem {
    /// Of what.
    pub sku: Sku,
    /// Its accounts, by location; at least one.
    pub levels: Vec<StockLevel>,
    /// Sums over them.
    pub totals: StockTotals,
}

/// Sums over the accounts of a SKU, in units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StockTotals {
    /// Units that are there.
    pub on_hand: i64,
    /// Units promised.
    pub held: i64,
    /// Units that can still be promised, over accounts where that is above zero.
    pub available: i64,
    /// Units that facts took away from under the holds.
    pub shortfall: i64,
}

/// An account that wants more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reorder {
    /// The account.
    pub level: StockLevel,
    /// How many to order: the account's own reorder quantity, in units.
    pub reorder_qty: Quantity,
}

/// What stock moves under an idempotency key came to.
pub(super) enum Moved {
    /// They were made now.
    Now,
    /// They were made before, under the same key.
    Before(ResourceRef),
}

/// A write to one SKU that was not done before.
struct Write<'a> {
    call: &'a Call,
    moment: Moment,
    operation: String,
    sku: &'a Sku,
}

enum Begun<'a> {
    Fresh(Write<'a>),
    Before(Answer<StockItem>),
}

impl Commerce {
    /// Makes an account: a SKU at a location, with its limits and what is there already. The catalogue need not know the SKU.
    ///
    /// # Errors
    /// [`Error::Taken`] if the account exists, [`Error::Invalid`] for a limit out of range or a SKU that is not stocked,
    /// [`Error::KeyReused`], [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    ///
    /// # Crash
    /// What was answered is on disk.
    pub async fn create_item(&self, call: &Call, request: CreateItem) -> Result<Answer<StockItem>, Error> {
        const OPERATION: &str = "create_item";
        let moment = self.inner.moment(call)?;
        if let Some(made) = self.inner.replayed(call, &moment, OPERATION).await? {
            return self.item_made(call, &made).await;
        }
        match self.make_account(call, &moment, OPERATION, &request).await {
            Ok(Moved::Now) => Ok(Answer::done(self.get_item(call, &request.sku).await?)),
            Ok(Moved::Before(made)) => self.item_made(call, &made).await,
            Err(refusal) => self.item_made(call, &self.inner.twin_of(call, &moment, OPERATION, refusal).await?).await,
        }
    }

    async fn make_account(&self, call: &Call, moment: &Moment, operation: &str, request: &CreateItem) -> Result<Moved, Error> {
        let CreateItem { sku, location, limits, opening } = request;
        check_limits(limits)?;
        self.stockable(call, sku).await?;
        let owner = item_ref(sku);
        if self.level(call, sku, location).await?.is_some() {
            return Err(Error::Taken { owner });
        }
        let account = account_of(call, sku, location);
        // one id per account, so that of two who make it at once one stands; limits come last, or they would find nothing there
        let receive = opening.map(|qty| Move::Receive { id: birth(&account, "receive"), account: account.clone(), qty });
        let configure = Move::Configure { id: birth(&account, "configure"), account: account.clone(), limits: *limits };
        let moves = receive.into_iter().chain([configure]).collect();
        match self.inner.claimed_moves(call, moment, operation, sku, &owner, moves).await {
            Err(Error::Port(error)) if error.kind == PortErrorKind::Misuse => Err(Error::Taken { owner }),
            other => other,
        }
    }

    /// All accounts, by SKU and location; at most [`crate::engine::PAGE_MAX_ROWS`] at once.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Port`].
    pub async fn list_items(&self, call: &Call, after: Option<&Cursor>, limit: u32) -> Result<Page<StockLevel>, Error> {
        Ok(self.inner.store.stock.list(&call.merchant, after, page_limit(limit)).await.map_err(list_error)?.map(level_of))
    }

    /// The stock of one SKU.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it has no account, [`Error::Port`].
    pub async fn get_item(&self, call: &Call, sku: &Sku) -> Result<StockItem, Error> {
        let accounts = self.inner.store.stock.accounts(&call.merchant, std::slice::from_ref(sku)).await?;
        if accounts.is_empty() {
            return Err(Error::NotFound("item"));
        }
        let levels: Vec<StockLevel> = accounts.into_iter().map(level_of).collect();
        let totals = levels.iter().fold(StockTotals::default(), |sum, level| sum.and(&level.account));
        Ok(StockItem { sku: sku.clone(), levels, totals })
    }

    /// Sets what an account may promise, and when it wants more. What is promised already stays promised: a deficit shows as shortfall.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such account, [`Error::Invalid`], [`Error::KeyReused`], [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    pub async fn configure_item(&self, call: &Call, sku: &Sku, location: &LocationId, limits: Limits) -> Result<Answer<StockItem>, Error> {
        let write = match self.begin(call, "configure_item", sku).await? {
            Begun::Before(answer) => return Ok(answer),
            Begun::Fresh(write) => write,
        };
        check_limits(&limits)?;
        self.known_level(call, sku, location).await?;
        let (id, account) = (self.move_id(), account_of(call, sku, location));
        self.stock_write(write, Move::Configure { id, account, limits }).await
    }

    /// Takes in units that arrived. Makes the account if it is new; the catalogue need not know the SKU.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a SKU that is not stocked, or more units than can be counted; [`Error::KeyReused`], [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    pub async fn receive_stock(&self, call: &Call, sku: &Sku, location: &LocationId, qty: Quantity) -> Result<Answer<StockItem>, Error> {
        let write = match self.begin(call, "receive_stock", sku).await? {
            Begun::Before(answer) => return Ok(answer),
            Begun::Fresh(write) => write,
        };
        self.stockable(call, sku).await?;
        let (id, account) = (self.move_id(), account_of(call, sku, location));
        self.stock_write(write, Move::Receive { id, account, qty }).await
    }

    /// Corrects the count of an account, up or down, and says why in 1 to 256 characters without personal data.
    ///
    /// # Errors
    /// [`Error::Short`] if fewer than no units would be there, [`Error::NotFound`] if there is no such account, [`Error::Invalid`],
    /// [`Error::KeyReused`], [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    pub async fn adjust_stock(
        &self,
        call: &Call,
        sku: &Sku,
        location: &LocationId,
        delta: i64,
        reason: String,
    ) -> Result<Answer<StockItem>, Error> {
        let write = match self.begin(call, "adjust_stock", sku).await? {
            Begun::Before(answer) => return Ok(answer),
            Begun::Fresh(write) => write,
        };
        let max = u64::from(Quantity::MAX.get());
        if delta == 0 || delta.unsigned_abs() > max {
            return Err(Error::invalid("/delta", format!("is {delta}, allowed are 1 to {max} units up or down")));
        }
        let chars = reason.chars().count();
        if reason.trim().is_empty() || chars > REASON_MAX_CHARS || reason.contains(char::is_control) {
            let why = format!("has {chars} characters, allowed are 1 to {REASON_MAX_CHARS}, not all spaces, without control characters");
            return Err(Error::invalid("/reason", why));
        }
        self.known_level(call, sku, location).await?;
        if delta > 0 {
            self.stockable(call, sku).await?;
        }
        let (id, account) = (self.move_id(), account_of(call, sku, location));
        self.stock_write(write, Move::Adjust { id, account, delta, reason }).await
    }

    /// Moves units that are not promised from one location to another. Makes the account there if it is new.
    ///
    /// # Errors
    /// [`Error::Short`], [`Error::NotFound`] if there is no account at `from`, [`Error::Invalid`] if both are the same location,
    /// [`Error::KeyReused`], [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    pub async fn move_stock(
        &self,
        call: &Call,
        sku: &Sku,
        from: &LocationId,
        to: &LocationId,
        qty: Quantity,
    ) -> Result<Answer<StockItem>, Error> {
        let write = match self.begin(call, "move_stock", sku).await? {
            Begun::Before(answer) => return Ok(answer),
            Begun::Fresh(write) => write,
        };
        if from == to {
            return Err(Error::invalid("/to", "is the location that the units come from"));
        }
        self.known_level(call, sku, from).await?;
        let (merchant, sku_moved) = (call.merchant.clone(), sku.clone());
        let one = Move::Relocate { id: self.move_id(), merchant, sku: sku_moved, from: from.clone(), to: to.clone(), qty };
        self.stock_write(write, one).await
    }

    /// The movements of a SKU, the newest first; at most [`crate::engine::PAGE_MAX_ROWS`] at once.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Port`]. A SKU without stock has none.
    pub async fn list_movements(&self, call: &Call, sku: &Sku, after: Option<&Cursor>, limit: u32) -> Result<Page<FeedItem>, Error> {
        self.inner.store.stock.movements(&call.merchant, sku, after, page_limit(limit)).await.map_err(list_error)
    }

    /// Sums over all accounts.
    ///
    /// # Errors
    /// [`Error::Port`].
    pub async fn stock_summary(&self, call: &Call) -> Result<StockSummary, Error> {
        Ok(self.inner.store.stock.summary(&call.merchant).await?)
    }

    /// The accounts at or below their reorder point, by SKU and location; at most [`crate::engine::PAGE_MAX_ROWS`] at once.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Port`].
    pub async fn list_low_stock(&self, call: &Call, after: Option<&Cursor>, limit: u32) -> Result<Page<StockLevel>, Error> {
        Ok(self.inner.store.stock.low(&call.merchant, after, page_limit(limit)).await.map_err(list_error)?.map(level_of))
    }

    /// The low accounts that want more, and how many. Those without a reorder quantity are left out, so a page may be short: the list
    /// ends where there is no next page.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Port`].
    pub async fn list_reorder(&self, call: &Call, after: Option<&Cursor>, limit: u32) -> Result<Page<Reorder>, Error> {
        let low = self.list_low_stock(call, after, limit).await?;
        let wanted = low.items.into_iter().filter_map(|level| {
            let reorder_qty = Quantity::new(level.account.limits.reorder_qty).ok()?;
            Some(Reorder { level, reorder_qty })
        });
        Ok(Page { items: wanted.collect(), next: low.next })
    }

    /// Begins a write to one SKU: what was done before under the same key is answered at once.
    async fn begin<'a>(&self, call: &'a Call, operation: &str, sku: &'a Sku) -> Result<Begun<'a>, Error> {
        let moment = self.inner.moment(call)?;
        // the length tells where the SKU ends: it may hold any mark
        let operation = format!("{operation}/{}/{sku}", sku.as_str().chars().count());
        match self.inner.replayed(call, &moment, &operation).await? {
            Some(made) => Ok(Begun::Before(self.item_made(call, &made).await?)),
            None => Ok(Begun::Fresh(Write { call, moment, operation, sku })),
        }
    }

    async fn stock_write(&self, write: Write<'_>, one: Move) -> Result<Answer<StockItem>, Error> {
        let Write { call, moment, operation, sku } = write;
        let field = if matches!(one, Move::Adjust { .. }) { "/delta" } else { "/quantity" };
        match self.inner.claimed_moves(call, &moment, &operation, sku, &item_ref(sku), vec![one]).await {
            Ok(Moved::Now) => Ok(Answer::done(self.get_item(call, sku).await?)),
            Ok(Moved::Before(made)) => self.item_made(call, &made).await,
            Err(Error::Port(error)) if error.kind == PortErrorKind::Misuse => Err(Error::invalid(field, error)),
            Err(error) => Err(error),
        }
    }

    async fn item_made(&self, call: &Call, made: &ResourceRef) -> Result<Answer<StockItem>, Error> {
        let sku = Sku::new(&made.id).map_err(Error::stored)?;
        Ok(Answer { value: self.get_item(call, &sku).await?, how: How::Replayed })
    }

    /// Refuses a SKU that the catalogue knows as one without stock.
    pub(super) async fn stockable(&self, call: &Call, sku: &Sku) -> Result<(), Error> {
        match self.catalogued(call, sku).await?.map(|item| item.kind) {
            None | Some(ItemKind::Stocked) => Ok(()),
            Some(kind) => Err(Error::invalid("/sku", format!("is {kind} in the catalogue: it has no stock"))),
        }
    }

    async fn level(&self, call: &Call, sku: &Sku, location: &LocationId) -> Result<Option<Account>, Error> {
        let accounts = self.inner.store.stock.accounts(&call.merchant, std::slice::from_ref(sku)).await?;
        Ok(accounts.into_iter().find(|(key, _)| key.location == *location).map(|(_, account)| account))
    }

    async fn known_level(&self, call: &Call, sku: &Sku, location: &LocationId) -> Result<Account, Error> {
        self.level(call, sku, location).await?.ok_or(Error::NotFound("item"))
    }

    fn move_id(&self) -> MoveId {
        MoveId::new(self.inner.fresh())
    }
}

impl Inner {
    /// Commits stock moves of one SKU under the call's idempotency key.
    pub(super) async fn claimed_moves(
        &self,
        call: &Call,
        moment: &Moment,
        operation: &str,
        sku: &Sku,
        owner: &ResourceRef,
        moves: Vec<Move>,
    ) -> Result<Moved, Error> {
        let partition = Partition { merchant: call.merchant.clone(), root: Root::Sku(sku.clone()) };
        let mut set = ChangeSet::new(partition, moment.now, moment.meta.clone());
        set.claims.extend(self.claim_of(call, moment, operation, owner)?);
        set.moves = moves;
        match self.commit(set).await? {
            Verdict::Committed(_) => Ok(Moved::Now),
            Verdict::Rejected(rejection) => match Loss::from(rejection) {
                Loss::Claimed { owner, same_request: true, .. } => Ok(Moved::Before(owner)),
                Loss::Claimed { owner, .. } => Err(Error::KeyReused { owner }),
                Loss::Short(items) => Err(Error::Short(items)),
                Loss::HoldGone => Err(Error::HoldGone),
                Loss::Again | Loss::Fenced => Err(Error::Contended),
            },
        }
    }
}

impl StockTotals {
    fn and(self, account: &Account) -> Self {
        Self {
            on_hand: self.on_hand.saturating_add(account.on_hand),
            held: self.held.saturating_add(account.held),
            available: self.available.saturating_add(account.available().max(0)),
            shortfall: self.shortfall.saturating_add(account.shortfall),
        }
    }
}

fn level_of((key, account): (AccountKey, Account)) -> StockLevel {
    StockLevel { sku: key.sku, location: key.location, account }
}

fn account_of(call: &Call, sku: &Sku, location: &LocationId) -> AccountKey {
    AccountKey { merchant: call.merchant.clone(), sku: sku.clone(), location: location.clone() }
}

fn item_ref(sku: &Sku) -> ResourceRef {
    ResourceRef { kind: ResourceKind::Item, id: sku.to_string() }
}

fn check_limits(limits: &Limits) -> Result<(), Error> {
    let all = [
        ("backorder", limits.backorder),
        ("safety", limits.safety),
        ("reorder_point", limits.reorder_point.unwrap_or(0)),
        ("reorder_quantity", limits.reorder_qty),
    ];
    match all.into_iter().find(|(_, units)| !(0..=LIMIT_MAX_UNITS).contains(units)) {
        None => Ok(()),
        Some((name, units)) => Err(Error::invalid(format!("/limits/{name}"), format!("is {units}, allowed are 0 to {LIMIT_MAX_UNITS}"))),
    }
}

/// The id of a move that makes an account.
fn birth(account: &AccountKey, step: &str) -> MoveId {
    let AccountKey { merchant, sku, location } = account;
    let name = format!("{step}|{merchant}|{location}|{sku}");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, name.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_ref()[..16]);
    MoveId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}
