//! Shipments and returns: rows that find the order of a parcel, the same for both ways.

use commerce_core::id::{MerchantId, OrderId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::error::Result;
use crate::row;

/// Which way the parcel goes.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    Shipment,
    Return,
}

/// The id, the order and the status of a parcel.
pub(crate) type Parcel = (Uuid, OrderId, String);

pub(crate) fn put(conn: &Connection, way: Way, merchant: &MerchantId, id: Uuid, order: OrderId, status: &str) -> Result<()> {
    let sql = match way {
        Way::Shipment => {
            "INSERT INTO shipments (merchant, id, order_id, status) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (merchant, id) DO UPDATE SET order_id = excluded.order_id, status = excluded.status"
        }
        Way::Return => {
            "INSERT INTO returns (merchant, id, order_id, status) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (merchant, id) DO UPDATE SET order_id = excluded.order_id, status = excluded.status"
        }
    };
    conn.prepare_cached(sql)?.execute(params![merchant.as_str(), id.into_bytes(), order.uuid().into_bytes(), status])?;
    Ok(())
}

pub(crate) fn get(conn: &Connection, way: Way, merchant: &MerchantId, id: Uuid) -> Result<Option<Parcel>> {
    let sql = match way {
        Way::Shipment => "SELECT merchant, id, order_id, status FROM shipments WHERE merchant = ?1 AND id = ?2",
        Way::Return => "SELECT merchant, id, order_id, status FROM returns WHERE merchant = ?1 AND id = ?2",
    };
    let row = conn.prepare_cached(sql)?.query_row(params![merchant.as_str(), id.into_bytes()], parcel).optional()?;
    Ok(row.map(|(_, parcel)| parcel))
}

/// The parcels of all merchants after a merchant and id, in that order.
pub(crate) fn all(conn: &Connection, way: Way, after: (&str, Uuid), limit: u32) -> Result<Vec<(MerchantId, Parcel)>> {
    let sql = match way {
        Way::Shipment => {
            "SELECT merchant, id, order_id, status FROM shipments WHERE (merchant, id) > (?1, ?2) ORDER BY merchant, id LIMIT ?3"
        }
        Way::Return => "SELECT merchant, id, order_id, status FROM returns WHERE (merchant, id) > (?1, ?2) ORDER BY merchant, id LIMIT ?3",
    };
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params![after.0, after.1.into_bytes(), limit], parcel)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn parcel(row: &Row<'_>) -> rusqlite::Result<(MerchantId, Parcel)> {
    Ok((row::text(row, 0)?, (row::id(row, 1, |id| id)?, row::id(row, 2, OrderId::new)?, row.get(3)?)))
}
