//! Deliveries.

use mdm_core::delivery::Delivery;
use mdm_core::id::{DeviceId, Version};
use mdm_core::ports::DeliveryFilter;
use rusqlite::{Connection, Statement};

use super::conditions::Conditions;
use super::row::{self, ReadError, Row};

impl Row for Delivery {
    const KIND: &'static str = "delivery";
    const INSERT: &'static str = "INSERT INTO delivery (id, version, doc, scope, profile, created_at, device, state) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO NOTHING";
    const UPDATE: &'static str = "UPDATE delivery SET version = ?2, doc = ?3, device = ?7, state = ?8 \
         WHERE id = ?1 AND version = ?2 - 1";
    const SELECT: &'static str = "SELECT doc FROM delivery WHERE id = ?1";

    fn key(&self) -> &str {
        self.id.as_str()
    }

    fn version(&mut self) -> &mut Version {
        &mut self.version
    }

    fn bind(&self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        statement.raw_bind_parameter(4, self.scope.as_str())?;
        statement.raw_bind_parameter(5, self.profile.as_str())?;
        statement.raw_bind_parameter(6, self.created_at.0)?;
        statement.raw_bind_parameter(7, self.device().map(DeviceId::as_str))?;
        statement.raw_bind_parameter(8, self.state.as_str())
    }
}

/// Deliveries that match, newest first.
pub(crate) fn list(
    conn: &Connection,
    filter: &DeliveryFilter,
    limit: usize,
) -> Result<Vec<Delivery>, ReadError> {
    let mut conditions = Conditions::default();
    conditions.and(
        "scope = ?",
        filter.scope.as_ref().map(|s| s.as_str().to_owned()),
    );
    conditions.and(
        "device = ?",
        filter.device.as_ref().map(|d| d.as_str().to_owned()),
    );
    conditions.and(
        "profile = ?",
        filter.profile.as_ref().map(|p| p.as_str().to_owned()),
    );
    conditions.and("state = ?", filter.state.map(|s| s.as_str().to_owned()));
    let sql = format!(
        "SELECT doc FROM delivery{} ORDER BY created_at DESC, n DESC LIMIT ?",
        conditions.sql()
    );
    row::many(
        conn,
        &sql,
        rusqlite::params_from_iter(conditions.into_values(row::limit(limit))),
    )
}

/// The deliveries to a device that are neither removed nor gone, newest first.
pub(crate) fn current(conn: &Connection, device: &DeviceId) -> Result<Vec<Delivery>, ReadError> {
    row::many(
        conn,
        "SELECT doc FROM delivery WHERE device = ?1 AND state NOT IN ('removed', 'gone') \
         ORDER BY created_at DESC, n DESC",
        [device.as_str()],
    )
}
