//! Claims and the catalogue.

use futures::StreamExt;

use crate::engine::Error;
use crate::engine::verify::findings::{Notes, Seen, settled};
use crate::engine::verify::lists::Pages;
use crate::engine::verify::{AT_ONCE_MAX, Check, Walk, replay};
use crate::id::{CartId, IdError, MerchantId, Sku};
use crate::ports::{ClaimEntry, ClaimSpace, PortError, ResourceKind, ResourceRef, SagaId, Store, StreamName, Version};
use crate::stock::Owner;

impl Walk<'_> {
    pub(super) async fn claims(&mut self) -> Result<(), Error> {
        let store = self.store;
        let mut pages = Pages::of(Check::ClaimOwner, "claims");
        while pages.more() {
            let page = store.audit.all_claims(pages.after(), pages.limit()).await;
            let page = pages.rows(self, page)?;
            let mut reads = futures::stream::iter(page)
                .map(async |claim| (settled(async || look(store, &claim).await).await, claim))
                .buffer_unordered(AT_ONCE_MAX);
            while let Some((found, claim)) = reads.next().await {
                self.add(found?, Some(&claim.merchant), &subject(&claim));
            }
        }
        Ok(())
    }

    pub(super) async fn items(&mut self) -> Result<(), Error> {
        let store = self.store;
        let check = Check::CatalogueItem;
        let mut pages = Pages::of(check, "items");
        while pages.more() {
            let page = store.audit.all_items(pages.after(), pages.limit()).await;
            let page = pages.rows(self, page)?;
            for (merchant, item) in page {
                self.looked(check);
                if let Err(error) = item.check() {
                    let mut notes = Notes::new(&merchant);
                    notes.differ(check, &format!("item/{}", item.sku), format!("{} within its bounds", error.field()), error);
                    self.add(Some(notes.findings), Some(&merchant), &format!("item/{}", item.sku));
                }
            }
        }
        Ok(())
    }
}

/// Names a claim. Keys are callers' own: they may be long, and are shown in part.
fn subject(claim: &ClaimEntry) -> String {
    const SHOWN_MAX_CHARS: usize = 128;
    let key: String = claim.key.chars().take(SHOWN_MAX_CHARS).collect();
    format!("claim/{}/{key}", claim.space)
}

async fn look(store: &Store, claim: &ClaimEntry) -> Result<Seen, Error> {
    let check = Check::ClaimOwner;
    let mut notes = Notes::new(&claim.merchant);
    notes.look(check);
    let owner = &claim.row.owner;
    let owners: &[ResourceKind] = match claim.space {
        ClaimSpace::Idempotency => ResourceKind::ALL,
        ClaimSpace::Cart | ClaimSpace::OrderNumber => &[ResourceKind::Order],
        ClaimSpace::ProviderFact => &[ResourceKind::Payment],
    };
    if !owners.contains(&owner.kind) {
        notes.differ(check, &subject(claim), "an owner that can have it", owner);
    }
    let read = exists(store, &claim.merchant, owner).await;
    if let Some(false) = notes.readable(check, &subject(claim), read)? {
        notes.differ(check, &subject(claim), format!("{owner}"), "nothing of that name");
    }
    Ok(Seen::Judged(notes.findings))
}

/// Whether what has a key exists. A cart may be gone, once it expired.
async fn exists(store: &Store, merchant: &MerchantId, owner: &ResourceRef) -> Result<bool, PortError> {
    match owner.kind {
        ResourceKind::Order => begun(store, merchant, owner.id.parse().map(StreamName::Order)).await,
        ResourceKind::Payment => begun(store, merchant, owner.id.parse().map(StreamName::Payment)).await,
        ResourceKind::Shipment => {
            let Ok(id) = owner.id.parse() else { return Ok(false) };
            Ok(store.views.shipment(merchant, id).await?.is_some())
        }
        ResourceKind::Return => {
            let Ok(id) = owner.id.parse() else { return Ok(false) };
            Ok(store.views.return_of_goods(merchant, id).await?.is_some())
        }
        ResourceKind::Refund => {
            let Ok(id) = owner.id.parse() else { return Ok(false) };
            Ok(!store.views.refund(merchant, id).await?.is_empty())
        }
        ResourceKind::Reservation => {
            let Ok(id) = owner.id.parse() else { return Ok(false) };
            Ok(!store.stock.holds(merchant, Owner::Reservation(id)).await?.is_empty())
        }
        ResourceKind::Item => {
            let Ok(sku) = Sku::new(&owner.id) else { return Ok(false) };
            let skus = std::slice::from_ref(&sku);
            Ok(!store.stock.accounts(merchant, skus).await?.is_empty() || !store.catalogue.get(merchant, skus).await?.is_empty())
        }
        ResourceKind::Cart => Ok(owner.id.parse::<CartId>().is_ok()),
        ResourceKind::Saga => {
            let Ok(id) = owner.id.parse::<SagaId>() else { return Ok(false) };
            Ok(store.sagas.get(merchant, id).await?.is_some())
        }
    }
}

async fn begun(store: &Store, merchant: &MerchantId, name: Result<StreamName, IdError>) -> Result<bool, PortError> {
    let Ok(name) = name else { return Ok(false) };
    Ok(!store.journal.load(&replay::stream(merchant, name), Version(0), 1).await?.is_empty())
}
