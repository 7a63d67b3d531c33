//! Repeated requests: one claim per key, one answer.

use std::fmt;

use aws_lc_rs::hmac;
use uuid::Uuid;

use crate::engine::commerce::{Inner, Moment};
use crate::engine::{Call, Error};
use crate::ports::{Claim, ClaimSpace, ResourceKind, ResourceRef};

/// Most characters of an idempotency key.
const KEY_MAX_CHARS: usize = 255;

/// What an idempotency key is for: an operation on one thing, and what it makes or changes.
pub(super) struct Scope {
    pub(super) operation: String,
    pub(super) owner: ResourceRef,
}

impl Scope {
    /// An operation that changes a thing.
    pub(super) fn on(operation: &str, kind: ResourceKind, id: impl fmt::Display) -> Self {
        Self::making(operation, &id, ResourceRef { kind, id: id.to_string() })
    }

    /// An operation on a thing that makes another one.
    pub(super) fn making(operation: &str, of: impl fmt::Display, owner: ResourceRef) -> Self {
        Self { operation: format!("{operation}/{of}"), owner }
    }
}

impl Inner {
    /// What an earlier request under the same key made; `None` if the key is free or none was given.
    pub(super) async fn replayed(&self, call: &Call, moment: &Moment, operation: &str) -> Result<Option<ResourceRef>, Error> {
        let Some((key, hash)) = self.key_of(call, operation)? else { return Ok(None) };
        let claim = self.store.views.claim(&call.merchant, ClaimSpace::Idempotency, &key, moment.now).await?;
        match claim {
            None => Ok(None),
            Some(claim) if claim.request_hash == Some(hash) => Ok(Some(claim.owner)),
            Some(claim) => Err(Error::KeyReused { owner: claim.owner }),
        }
    }

    /// What a twin under the same key made while this call was decided; else the refusal stands.
    ///
    /// What the first of two twins did can be why the second is refused.
    pub(super) async fn twin_of(&self, call: &Call, moment: &Moment, operation: &str, refusal: Error) -> Result<ResourceRef, Error> {
        self.replayed(call, moment, operation).await?.ok_or(refusal)
    }

    /// The claim of a call on its idempotency key, for what it makes.
    pub(super) fn claim_of(&self, call: &Call, moment: &Moment, operation: &str, owner: &ResourceRef) -> Result<Option<Claim>, Error> {
        Ok(self.key_of(call, operation)?.map(|(key, hash)| Claim {
            space: ClaimSpace::Idempotency,
            key,
            owner: owner.clone(),
            request_hash: Some(hash),
            expires_at: Some(moment.now.plus_secs(self.config.idempotency_ttl_s)),
        }))
    }

    /// The id of what is made under the call's idempotency key, where no claim can say it: the same for the same key.
    pub(super) fn id_of_key(&self, call: &Call, operation: &str) -> Result<Option<Uuid>, Error> {
        let Some((key, _)) = self.key_of(call, operation)? else { return Ok(None) };
        let tag = hmac::sign(&self.hmac, format!("id|{}|{key}", call.merchant).as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&tag.as_ref()[..16]);
        Ok(Some(uuid::Builder::from_custom_bytes(bytes).into_uuid()))
    }

    /// The key within principal and operation, and the HMAC of the request.
    fn key_of(&self, call: &Call, operation: &str) -> Result<Option<(String, [u8; 32])>, Error> {
        let Some(idempotency) = &call.idempotency else { return Ok(None) };
        let chars = idempotency.key.chars().count();
        if chars == 0 || chars > KEY_MAX_CHARS || idempotency.key.contains('\0') {
            return Err(Error::invalid("Idempotency-Key", format!("has {chars} characters or a U+0000, allowed are 1 to {KEY_MAX_CHARS}")));
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(hmac::sign(&self.hmac, &idempotency.body).as_ref());
        // the length tells where the actor's id ends: it may hold any mark, as the key may
        let (actor, length) = (&call.actor, call.actor.id.chars().count());
        Ok(Some((format!("{}|{length}|{}|{operation}|{}", actor.kind, actor.id, idempotency.key), hash)))
    }
}
