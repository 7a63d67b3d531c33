use commerce_core::id::MerchantId;
use commerce_core::ports::{Claim, ClaimEntry, ClaimRow, ClaimSpace};
use commerce_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::Result;
use crate::row;
use crate::statements::Statements;

/// Who has a key, unless the claim has expired at `now`.
pub(crate) fn get(conn: &Statements<'_>, merchant: &MerchantId, space: ClaimSpace, key: &str, now: Timestamp) -> Result<Option<ClaimRow>> {
    let sql = "SELECT owner_kind, owner, request_hash, expires_at FROM claims WHERE merchant = ?1 AND space = ?2 AND key = ?3 \
               AND (expires_at IS NULL OR expires_at > ?4)";
    let read =
        |row: &Row<'_>| Ok(ClaimRow { owner: row::resource(row, 0)?, request_hash: row.get(2)?, expires_at: row::time_opt(row, 3)? });
    let key = params![merchant.as_str(), space.as_str(), key, now.micros()];
    Ok(conn.prepare_cached(sql)?.query_row(key, read).optional()?)
}

/// Takes a key that is free, or free again.
pub(crate) fn put(conn: &Statements<'_>, merchant: &MerchantId, claim: &Claim) -> Result<()> {
    let sql = "INSERT INTO claims (merchant, space, key, owner_kind, owner, request_hash, expires_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (merchant, space, key) DO UPDATE SET owner_kind = excluded.owner_kind, \
               owner = excluded.owner, request_hash = excluded.request_hash, expires_at = excluded.expires_at";
    conn.prepare_cached(sql)?.execute(params![
        merchant.as_str(),
        claim.space.as_str(),
        claim.key,
        claim.owner.kind.as_str(),
        claim.owner.id,
        claim.request_hash,
        claim.expires_at.map(Timestamp::micros),
    ])?;
    Ok(())
}

/// Deletes claims of all merchants that have expired at `now`.
pub(crate) fn sweep(conn: &Connection, now: Timestamp, limit: u32) -> Result<u64> {
    let sql = "DELETE FROM claims WHERE (merchant, space, key) IN \
               (SELECT merchant, space, key FROM claims INDEXED BY claims_by_expiry WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
    let gone = conn.prepare_cached(sql)?.execute(params![now.micros(), limit])?;
    Ok(u64::try_from(gone).unwrap_or(u64::MAX))
}

/// The claims of all merchants after a merchant, space and key, in that order.
pub(crate) fn all(conn: &Connection, after: (&str, &str, &str), limit: u32) -> Result<Vec<ClaimEntry>> {
    let sql = "SELECT merchant, space, key, owner_kind, owner, request_hash, expires_at FROM claims \
               WHERE (merchant, space, key) > (?1, ?2, ?3) ORDER BY merchant, space, key LIMIT ?4";
    let mut statement = conn.prepare_cached(sql)?;
    let read = |row: &Row<'_>| {
        let claim = ClaimRow { owner: row::resource(row, 3)?, request_hash: row.get(5)?, expires_at: row::time_opt(row, 6)? };
        Ok(ClaimEntry { merchant: row::text(row, 0)?, space: row::name(row, 1, ClaimSpace::parse)?, key: row.get(2)?, row: claim })
    };
    let rows = statement.query_map(params![after.0, after.1, after.2, limit], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
